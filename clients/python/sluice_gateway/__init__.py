"""A client of Sluice, the throttling gateway for WhatsApp. It needs Python 3.9 and nothing else."""

from .client import Sluice, SluiceError

__all__ = ["Sluice", "SluiceError"]
