"""Tables in, tables out: runs the SQL of this folder in the order its FROM clauses ask for."""

from sql.runner import build, load_macros
from sql.registry import registry

__all__ = ["build", "load_macros", "registry"]
