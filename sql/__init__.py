"""Tables in, tables out: runs the SQL of this folder in the order its FROM clauses ask for."""

from sql.registry import registry
from sql.runner import build, load_macros

__all__ = ["build", "load_macros", "registry"]
