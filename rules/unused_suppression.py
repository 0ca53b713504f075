"""A suppression comment that silences nothing.

## What it does
Finds `# dag-advisor: ignore[rule]` comments on statements, and `# dag-advisor: ignore-file[rule]` comments in files,
where the rule has nothing to say; comments that name no rule or one that does not exist; and comments that can't be
understood. Only rules that are enabled are judged.

## Why is this bad?
A suppression that is not needed hides the next finding on its statement, and tells readers of a matter that is settled.

## Example
```python
S3KeySensor(task_id="wait", bucket_key=KEY, deferrable=True)  # dag-advisor: ignore[missing-deferrable]
```

## Use instead
```python
S3KeySensor(task_id="wait", bucket_key=KEY, deferrable=True)
```

## Fix safety
Safe: the comment, or the name in it that is not needed, is removed.

## References
- https://docs.astral.sh/ruff/rules/unused-noqa/
"""

SEVERITY = "warning"
GROUP = "tool"
FIX = "safe"
