"""What the editor asks and what it is told: the language server's features, on pygls."""

from __future__ import annotations

import asyncio
import gc
import logging
from argparse import Namespace
from collections.abc import Callable, Coroutine, Sequence
from inspect import iscoroutinefunction
from typing import Any, Final, get_args

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from advisor import __version__
from advisor.server import answers
from advisor.server.analysis import Checked, checked
from advisor.server.documents import Document, inside, path_of
from advisor.server.positions import Unit
from advisor.server.projects import Projects
from advisor.server.transport import Connection, Output
from advisor.server.worker import Worker

log = logging.getLogger("dag-advisor")

PAUSE: Final = 0.15  # seconds without a key before a document is checked
TIDY: Final = 20.0  # seconds after which what the checks have left is taken away
CALM: Final = 1.5  # seconds without a key before it is said that a document can't be parsed
_WATCHED: Final = (
    "**/*.py",
    "**/*.toml",
    "**/*.lock",
    "**/*.{txt,in,cfg,env,yml,yaml,tf,tfvars}",
    "**/{Pipfile,Dockerfile}*",
)


class App:
    """The server's state, and a method for every message that it understands."""

    def __init__(self, options: Namespace) -> None:
        self.server: Any = LanguageServer(
            "dag-advisor", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Incremental
        )
        self.connection = Connection(self.server.protocol, Output())
        self.worker = Worker()
        self.projects = Projects(options)
        self.documents: dict[str, Document] = {}
        self.results: dict[str, Checked] = {}
        self.timers: dict[str, asyncio.TimerHandle] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.told: set[str] = set()
        self.tidying = False
        self.unit: Unit = "utf-16"
        self.client: types.ClientCapabilities = types.ClientCapabilities()
        self._register()

    def run(self) -> int:
        """Serve until the client ends it."""
        return self.connection.run()

    def _register(self) -> None:
        def feature(name: str, handler: Callable[[Any], Any], options: Any = None) -> None:
            self.server.feature(name, options)(_function(handler))

        # Our own keeping of the texts: pygls also ends lines where the protocol doesn't, at form feeds for one.
        builtin = self.server.protocol.fm.add_builtin_feature
        builtin(types.TEXT_DOCUMENT_DID_OPEN, self.opened)
        builtin(types.TEXT_DOCUMENT_DID_CHANGE, self.changed)
        builtin(types.TEXT_DOCUMENT_DID_CLOSE, self.closed)
        feature(types.INITIALIZE, self.initialize)
        feature(types.INITIALIZED, self.initialized)
        feature(types.TEXT_DOCUMENT_DID_SAVE, self.was_saved, types.SaveOptions(include_text=False))
        feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, self.files_changed)
        feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, self.folders_changed)
        feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION, self.configuration_changed)
        feature(types.TEXT_DOCUMENT_HOVER, self.hover)
        kinds = [types.CodeActionKind.QuickFix, answers.FIX_ALL]
        acting = types.CodeActionOptions(code_action_kinds=kinds, resolve_provider=True)
        feature(types.TEXT_DOCUMENT_CODE_ACTION, self.code_actions, acting)
        feature(types.CODE_ACTION_RESOLVE, self.resolve)
        self.server.report_server_error = self._failed

    def _failed(self, error: Exception, source: object) -> None:
        log.error("%s: %s", type(error).__name__, error)

    # -- the session

    def initialize(self, params: types.InitializeParams) -> None:
        """The client tells who it is, what it can do and where its workspace is."""
        self.client = params.capabilities
        encoding = self.server.workspace.position_encoding
        name = getattr(encoding, "value", encoding)
        self.unit = name if name in get_args(Unit) else "utf-16"
        uris = [folder.uri for folder in params.workspace_folders or ()]
        if not uris and params.root_uri:
            uris = [params.root_uri]
        self.projects.folders = [path for path in map(path_of, uris) if path is not None]
        if not uris and params.root_path:
            self.projects.folders = [params.root_path]
        self.connection.watch(params.process_id)

    async def initialized(self, params: types.InitializedParams) -> None:
        """The client is ready: it is asked to watch the files that matter."""
        workspace = self.client.workspace
        watching = workspace.did_change_watched_files if workspace else None
        if watching is not None and watching.dynamic_registration:
            watchers = [types.FileSystemWatcher(pattern) for pattern in _WATCHED]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
            registration = types.Registration("watched-files", method, options)
            self.server.client_register_capability(types.RegistrationParams([registration]))
        await asyncio.sleep(CALM)  # documents come first
        await self.worker.run(_warm_up)

    def folders_changed(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        """Folders came or went."""
        gone = {path_of(folder.uri) for folder in params.event.removed}
        come = [path_of(folder.uri) for folder in params.event.added]
        kept = [folder for folder in self.projects.folders if folder not in gone]
        self.projects.folders = [*kept, *(folder for folder in come if folder is not None)]
        self._spawn(self._reload())

    def configuration_changed(self, params: types.DidChangeConfigurationParams) -> None:
        """The editor's settings, of which we have none; a good moment to look at the files anew."""
        self._spawn(self._look_again())

    def files_changed(self, params: types.DidChangeWatchedFilesParams) -> None:
        """Files below the workspace changed."""
        paths = [path for path in (path_of(change.uri) for change in params.changes) if path is not None]
        self._spawn(self._look_again([path for path in paths if path.endswith(".py")]))

    async def _look_again(self, written: Sequence[str] = ()) -> None:
        """Check again what changed files may have changed: configurations, and Python files that were `written`."""
        if await self.worker.run(self.projects.refresh):
            self._check_all()
            return
        roots: list[str] = []
        for path in written:
            roots += await self.worker.run(self.projects.changed, path)
        if roots:
            documents = [(one, self.projects.path_of(one.path)) for one in self.documents.values()]
            self._check_again([one for one, path in documents if any(inside(path, root) for root in roots)])

    async def _reload(self) -> None:
        await self.worker.run(self.projects.forget)
        self._check_all()

    def _check_all(self) -> None:
        self.told.clear()
        self._check_again(list(self.documents.values()))

    def _check_again(self, documents: Sequence[Document]) -> None:
        for document in documents:
            document.state += 1  # what is being worked out at this moment counts no more
            self._soon(document, 0.0, final=True)

    # -- documents

    def opened(self, params: types.DidOpenTextDocumentParams) -> None:
        """A document is on the screen."""
        item = params.text_document
        python = item.language_id == "python" or (not item.language_id and item.uri.endswith(".py"))
        if not python:
            return
        self.documents[item.uri] = document = Document(item.uri, item.text, item.version, self.unit)
        self.results.pop(item.uri, None)
        self._spawn(self._look_again())
        self._soon(document, 0.0, final=True)

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        """Somebody types."""
        document = self.documents.get(params.text_document.uri)
        if document is None:
            return
        document.change(map(_change, params.content_changes), params.text_document.version)
        self._soon(document, PAUSE)

    def was_saved(self, params: types.DidSaveTextDocumentParams) -> None:
        """The document is the file now; other open files may import it."""
        document = self.documents.get(params.text_document.uri)
        if document is None:
            return
        self._spawn(self._look_again([document.path] if document.path is not None else ()))
        self._soon(document, 0.0, final=True)

    def closed(self, params: types.DidCloseTextDocumentParams) -> None:
        """The document is gone from the screen, and what was said about it too."""
        uri = params.text_document.uri
        self.results.pop(uri, None)
        if timer := self.timers.pop(uri, None):
            timer.cancel()
        if self.documents.pop(uri, None) is not None:
            self.server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def _soon(self, document: Document, seconds: float, *, final: bool = False) -> None:
        """Check a document after a pause; `final`: say, too, that it can't be parsed."""
        if timer := self.timers.pop(document.uri, None):
            timer.cancel()

        def start() -> None:
            self.timers.pop(document.uri, None)
            self._spawn(self._publish(document, final))

        self.timers[document.uri] = asyncio.get_running_loop().call_later(seconds, start)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)  # the loop itself would let go of it
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("internal error", exc_info=error)

    async def _tidy(self) -> None:
        """Python looks for dead cycles rarely here, so that nobody waits for it: it does when there is time."""
        if not self.tidying:
            self.tidying = True
            await asyncio.sleep(TIDY)
            self.tidying = False
            await self.worker.run(gc.collect)

    async def _publish(self, document: Document, final: bool) -> None:
        self._spawn(self._tidy())
        state = document.state
        result = await self._result(document)
        if self.documents.get(document.uri) is not document or document.state != state:
            return  # closed, or somebody types: there will be another one
        if result is not None and result.broken and not final:
            # Half a line is no mistake: what was found before stays, until the text stays as it is.
            if document.uri not in self.timers:
                self._soon(document, CALM, final=True)
            return
        found = result.findings if result is not None else ()
        diagnostics = (
            [answers.diagnostic(result, document.lines, finding) for finding in found] if result else []
        )
        self.server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(document.uri, diagnostics, document.version)
        )

    async def _result(self, document: Document) -> Checked | None:
        """The findings of the document as it stands now; None where it is none of ours or can't be judged."""
        known = self.results.get(document.uri)
        if known is not None and known.state == document.state:
            return known
        result, error = await self.worker.run(self._check, document, document.text, document.state)
        if error and error not in self.told:
            self.told.add(error)
            message = types.ShowMessageParams(types.MessageType.Error, f"dag-advisor: {error}")
            self.server.window_show_message(message)
        if (
            result is not None
            and self.documents.get(document.uri) is document
            and result.state == document.state
        ):
            self.results[document.uri] = result
        return result

    def _check(self, document: Document, text: str, state: int) -> tuple[Checked | None, str]:
        """In the worker's thread: the findings, or in a sentence why the document can't be judged."""
        known = self.results.get(document.uri)
        if known is not None and known.state == state:
            return known, ""
        if document.state != state:
            return None, ""  # nobody waits for this one any more
        path = self.projects.path_of(document.path)
        place = self.projects.place(path)
        if place.context is None:
            return None, place.error
        if document.path is not None and self.projects.skips(path):
            return None, ""
        try:
            return checked(text, state, path, place.context, place.recorded), ""
        except Exception as error:
            log.exception("internal error in %s", path)
            return None, f"internal error, {type(error).__name__}: please report this; stderr says more"

    # -- questions

    async def hover(self, params: types.HoverParams) -> types.Hover | None:
        """What is known about what the mouse points at."""
        from advisor.server import hover

        document = self.documents.get(params.text_document.uri)
        result = await self._result(document) if document is not None else None
        if document is None or result is None or result.state != document.state:
            return None
        lines = document.lines
        offset = lines.offset((params.position.line, params.position.character))
        hovering = self.client.text_document.hover if self.client.text_document else None
        formats = (hovering.content_format if hovering else None) or [types.MarkupKind.Markdown]
        marked = types.MarkupKind.Markdown in formats
        parts: list[str] = []
        spans: list[tuple[int, int]] = []
        found = await self.worker.run(hover.class_at, result, offset)
        if found is not None:
            start, end, page, notes = found
            spans.append((start, end))
            parts.append(answers.class_page(page, notes, marked=marked))
        for finding in result.findings:
            start, end = answers.place(result, lines, finding)
            if start <= offset < max(end, start + 1):
                spans.append((start, end))
                parts.append(answers.rule_page(finding, marked=marked))
        if not parts:
            return None
        kind = types.MarkupKind.Markdown if marked else types.MarkupKind.PlainText
        value = "\n\n---\n\n".join(parts)
        return types.Hover(types.MarkupContent(kind, value), answers.span_range(lines, *spans[0]))

    async def code_actions(self, params: types.CodeActionParams) -> list[types.CodeAction] | None:
        """What can be done about the findings in a range, and in the whole file."""
        from advisor.server import actions

        document = self.documents.get(params.text_document.uri)
        result = await self._result(document) if document is not None else None
        if document is None or result is None or result.state != document.state:
            return None
        asked = actions.Asked(
            document.uri,
            document.version,
            document.lines,
            params,
            versioned=self._versioned(),
            resolves=self._resolves(),
        )
        found = await self.worker.run(actions.actions, result, asked)
        return found if document.state == result.state else None

    async def resolve(self, action: types.CodeAction) -> types.CodeAction:
        """The edit of an action that was offered without it, because it takes a while to be worked out."""
        from advisor.server import actions

        data = action.data if isinstance(action.data, dict) else {}
        document = self.documents.get(str(data.get("uri")))
        result = await self._result(document) if document is not None else None
        if document is None or result is None or not result.state == document.state == data.get("state"):
            return action
        edits = await self.worker.run(actions.resolved, result, document.lines, data)
        if edits:
            action.edit = answers.workspace_edit(
                document.uri, document.version, edits, versioned=self._versioned()
            )
        return action

    def _versioned(self) -> bool:
        edits = self.client.workspace.workspace_edit if self.client.workspace else None
        return bool(edits and edits.document_changes)

    def _resolves(self) -> bool:
        acting = self.client.text_document.code_action if self.client.text_document else None
        resolving = acting.resolve_support if acting else None
        return bool(resolving and "edit" in resolving.properties)


def _function(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A method as a function, on which pygls can leave its marks."""

    async def later(params: Any) -> Any:
        return await method(params)

    def now(params: Any) -> Any:
        return method(params)

    return later if iscoroutinefunction(method) else now


def _change(event: Any) -> Any:
    between = getattr(event, "range", None)
    if between is None:
        return None, event.text
    start, end = between.start, between.end
    return ((start.line, start.character), (end.line, end.character)), event.text


def _warm_up() -> None:
    """Import libcst, for which the first fix would wait otherwise, and let Python look for dead cycles less often."""
    from advisor import rewrite, runner

    del rewrite
    runner.collect_rarely()
