"""A file that Python cannot read or parse.

## What it does
Reports DAG files with a syntax error (Python 2 included), a wrong or unknown encoding, or null bytes, and files that
can't be opened. All other files are still checked.

## Why is this bad?
Airflow can't load the file either: its DAGs are missing, or stay as they were. And nothing else can be said about it.

## Example
```python
print "hello"
```

## Use instead
```python
print("hello")
```

## Fix safety
There is no fix.

## References
- https://docs.python.org/3/tutorial/errors.html#syntax-errors
- https://docs.python.org/3/reference/lexical_analysis.html#encoding-declarations
"""

SEVERITY = "error"
GROUP = "tool"
FIX = "none"
