"""Signals of this app."""

from django.dispatch import Signal

event_stored = Signal()
"""An event lies in the outbox, and its transaction has ended."""
