"""What a row is: columns, types, meanings and expectations, one module per table."""

from schemas.messages import MESSAGES
from schemas.outcomes import OUTCOMES
from schemas.set_aside import SET_ASIDE
from schemas.table import Column, Table

__all__ = ["MESSAGES", "OUTCOMES", "SET_ASIDE", "Column", "Table"]
