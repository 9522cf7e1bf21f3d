"""Local time at the site: times that its clock never shows, and zones that lie elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MOST_HOURS_OFF = 3.5
"""Between a zone and the sun; politics explains less."""


def skipped_time(start: datetime, timezone: str) -> str:
    """Why the clock of a zone does not show a local time; empty: it does."""
    there = start.replace(tzinfo=ZoneInfo(timezone))
    shown = there.astimezone(UTC).astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    if shown == start:
        return ""
    return f"the clock in {timezone} skips this time; after {start:%H:%M} would come {shown:%Y-%m-%dT%H:%M}, write that"


def zone_far_from(longitude_deg: float, start: datetime, timezone: str) -> str:
    """A warning where a zone's clock and the sun at a longitude differ by hours; empty: they do not."""
    offset = start.replace(tzinfo=ZoneInfo(timezone)).utcoffset()
    zone_h, sun_h = (offset.total_seconds() / 3600 if offset else 0.0), longitude_deg / 15
    apart = abs((zone_h - sun_h + 12) % 24 - 12)
    if apart <= MOST_HOURS_OFF:
        return ""
    return (
        f"site.timezone {timezone} is UTC{zone_h:+g} h, the sun at {longitude_deg:g} degrees east has "
        f"UTC{sun_h:+.1f} h: PV will peak far from noon; are both of one place?"
    )
