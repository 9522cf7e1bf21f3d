"""Kinds of messages between dispatch centre, gateways and field terminals, and what becomes of a message."""

from __future__ import annotations

from typing import Literal

MessageKind = Literal["psc", "net_power_plan", "heartbeat", "switch_state", "switch_order"]

MESSAGE_KINDS: dict[MessageKind, str] = {
    "psc": "gateway → dispatch centre: what its local area can deliver",
    "net_power_plan": "dispatch centre → gateway: net power of its local area, step by step",
    "heartbeat": "dispatch centre → gateway: it is there, and has no new plan",
    "switch_state": "field terminal → dispatch centre: the state of its switch, and faults it saw",
    "switch_order": "dispatch centre → field terminal: the state its switch shall have",
}

MessageStatus = Literal["delivered", "link_down", "lost", "receiver_down", "outdated", "under_way"]

MESSAGE_STATUSES: dict[MessageStatus, str] = {
    "delivered": "handed over",
    "link_down": "sent while the link was out",
    "lost": "by chance",
    "receiver_down": "nobody there to take it",
    "outdated": "overtaken by a newer one of its kind, and discarded",
    "under_way": "would have arrived after the window",
}
