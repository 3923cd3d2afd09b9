"""Charts as SVG: drawn by hand, as they then need no script, no font and no network, and print as they are.

Colours and patterns are classes that the page's style gives their values, so that a chart suits light and dark. A
reader that sees nothing is told by `title` and `description`; the numbers are in a table beside each chart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from aijobs_sdk.usage.facts.owed import Forecast
from aijobs_sdk.usage.showing.daily import DailyStack
from aijobs_sdk.usage.showing.figures import exact, rounded, shown

_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_TICKS = 5
_TIP = 40
"""So much of a name is in each of up to 186 tips."""


_DIGIT, _BESIDE_DIGITS, _LEAST_LEFT = 7, 14, 64
"""Widths in a picture: of a digit as the style has it, of the room beside a number, and of both where all are short."""


@dataclass(frozen=True)
class _Plot:
    """Where things are in a picture: days from left to right, credits from the bottom up."""

    days: int
    most: Decimal
    left: int
    width: int = 760
    height: int = 230
    right: int = 12
    top: int = 14
    bottom: int = 24

    def x(self, day: float) -> str:
        """Return the place of `day`, counted from 0; half a day further is its middle."""
        return _place(self.left + (self.width - self.left - self.right) * day / self.days)

    def y(self, amount: Decimal) -> str:
        """Return the height of `amount`."""
        return _place(self.top + (self.height - self.top - self.bottom) * (1 - float(amount / self.most)))


def stacked_bars(stack: DailyStack, *, title: str, description: str) -> str:
    """Return a bar for each day, with a part for each series. What is below nothing is drawn as nothing."""
    ticks = _ticks(max(stack.sums))
    plot = _Plot(days=len(stack.days), most=ticks[-1], left=_left_of(ticks))
    bars = (part for number in range(plot.days) for part in _bar(plot, stack, number))
    return _picture(plot, [*_grid(plot, ticks), *bars, *_day_numbers(plot)], title=title, description=description)


def course(
    stack: DailyStack, forecast: Forecast | None, budget: Decimal | None, *, title: str, description: str
) -> str:
    """Return how credits add up over the month, with the forecast of its end and the budget, if there are any."""
    known = _known_days(stack, forecast)
    running = stack.running[:known]
    ticks = _ticks(max(*running, budget or Decimal(0), forecast.high if forecast else Decimal(0)))
    plot = _Plot(days=len(stack.days), most=ticks[-1], left=_left_of(ticks))
    line = " ".join(f"{plot.x(day + 0.5)},{plot.y(amount)}" for day, amount in enumerate(running))
    parts = [
        *_grid(plot, ticks),
        *(_forecast(plot, forecast, known, running[-1]) if forecast else []),
        f'<polyline class="line" points="{line}"/>',
        *(_budget(plot, budget) if budget is not None else []),
        *_day_numbers(plot),
    ]
    return _picture(plot, parts, title=title, description=description)


def sparkline(amounts: Sequence[Decimal]) -> str:
    """Return the course of `amounts` as a small line, for the eye alone: a reader is told nothing."""
    most = max(*amounts, Decimal(0)) or Decimal(1)
    plot = _Plot(days=len(amounts), most=most, width=96, height=20, left=0, right=0, top=2, bottom=2)
    points = " ".join(f"{plot.x(day + 0.5)},{plot.y(max(amount, Decimal(0)))}" for day, amount in enumerate(amounts))
    return f'<svg class="spark" viewBox="0 0 96 20" aria-hidden="true"><polyline class="line" points="{points}"/></svg>'


def swatch(number: int) -> str:
    """Return the colour and pattern of one series, for a legend."""
    return f'<svg class="swatch" viewBox="0 0 12 12" aria-hidden="true"><rect class="s{number}" {_WHOLE}/></svg>'


_WHOLE = 'width="12" height="12"'

MIDDLE_TONES = ("#438fd2", "#d0722c", "#209d75", "#ae73ce", "#a68818", "#808c9a")
"""The colours of the series where nobody knows whether the paper is light or dark: they stand out from both."""


def bare_bars(stack: DailyStack) -> str:
    """Return the bars of each day as a picture of its own, for whatever paper: what it says in words is not in it."""
    plot = _Plot(days=len(stack.days), most=max(stack.sums) or Decimal(1), height=140, left=0, right=0, top=2, bottom=2)
    paths = "".join(
        f'<path fill="{colour}" d="{"".join(_bare_parts(plot, stack, series))}"/>'
        for series, colour in zip(range(len(stack.series)), MIDDLE_TONES, strict=False)
    )
    floor = f'<path stroke="{MIDDLE_TONES[-1]}" d="M0 {plot.height - 1}h{plot.width}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {plot.width} {plot.height}" width="{plot.width}" '
        f'height="{plot.height}">{paths}{floor}</svg>'
    )


# Beside its colour each second series has a pattern, so that neighbours differ in black and white, too.
PATTERNS = (
    '<svg class="patterns" aria-hidden="true"><defs>'
    '<pattern id="usage-p1" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="c1" width="6" height="6"/><rect class="mark" width="1.6" height="6"/></pattern>'
    '<pattern id="usage-p3" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<rect class="c3" width="5" height="5"/><circle class="mark" cx="2.5" cy="2.5" r="1"/></pattern>'
    '<pattern id="usage-p5" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<rect class="c5" width="5" height="5"/><rect class="mark" width="5" height="1.4"/></pattern>'
    "</defs></svg>"
)


def _bar(plot: _Plot, stack: DailyStack, number: int) -> Iterator[str]:
    below = Decimal(0)
    for series, amount in enumerate(stack.credits[number]):
        if amount <= 0:
            continue
        low, high = plot.y(below), plot.y(below + amount)
        below += amount
        tip = f"{stack.days[number]}, {shown(stack.series[series])[:_TIP]}: {exact(amount)}"
        yield (
            f'<rect class="s{series}" x="{plot.x(number + 0.12)}" y="{high}" '
            f'width="{_place((plot.width - plot.left - plot.right) / plot.days * 0.76)}" '
            f'height="{_place(float(low) - float(high))}"><title>{escape(tip)}</title></rect>'
        )


def _bare_parts(plot: _Plot, stack: DailyStack, series: int) -> Iterator[str]:
    """Yield the bars of one series as parts of one path; a narrow gap parts those that stand on each other."""
    width = _place(plot.width / plot.days * 0.76)
    for number, amounts in enumerate(stack.credits):
        if amounts[series] > 0:
            below = sum((amount for amount in amounts[:series] if amount > 0), Decimal(0))
            low, high = float(plot.y(below)), float(plot.y(below + amounts[series]))
            yield f"M{plot.x(number + 0.12)} {_place(low)}h{width}V{_place(min(high + 1, low))}h-{width}z"


def _forecast(plot: _Plot, forecast: Forecast, known: int, reached: Decimal) -> Iterator[str]:
    start, end = f"{plot.x(known - 0.5)},{plot.y(reached)}", plot.x(plot.days - 0.5)
    yield f'<polygon class="band" points="{start} {end},{plot.y(forecast.high)} {end},{plot.y(forecast.low)}"/>'
    yield f'<polyline class="line expected" points="{start} {end},{plot.y(forecast.credits)}"/>'
    label = f"forecast {rounded(forecast.credits, places=0)}"
    yield f'<text class="end" x="{end}" y="{_place(float(plot.y(forecast.high)) - 4)}">{label}</text>'


def _budget(plot: _Plot, budget: Decimal) -> Iterator[str]:
    y = plot.y(budget)
    yield f'<line class="budget" x1="{plot.left}" x2="{plot.width - plot.right}" y1="{y}" y2="{y}"/>'
    yield f'<text x="{plot.left + 4}" y="{_place(float(y) - 4)}">budget {rounded(budget, places=0)}</text>'


def _known_days(stack: DailyStack, forecast: Forecast | None) -> int:
    known = sum(day <= forecast.through for day in stack.days) if forecast else len(stack.days)
    return max(known, 1)


def _grid(plot: _Plot, ticks: Sequence[Decimal]) -> Iterator[str]:
    for tick in ticks:
        y = plot.y(tick)
        yield f'<line class="grid" x1="{plot.left}" x2="{plot.width - plot.right}" y1="{y}" y2="{y}"/>'
        yield f'<text class="end" x="{plot.left - 6}" y="{_place(float(y) + 4)}">{exact(tick, places=0)}</text>'


def _left_of(ticks: Sequence[Decimal]) -> int:
    """Return the room that the longest of the numbers beside a grid takes."""
    longest = max(len(exact(tick, places=0)) for tick in ticks)
    return max(_LEAST_LEFT, _BESIDE_DIGITS + _DIGIT * longest)


def _day_numbers(plot: _Plot) -> Iterator[str]:
    for day in range(plot.days):
        yield f'<text class="middle" x="{plot.x(day + 0.5)}" y="{plot.height - 7}">{day + 1}</text>'


def _ticks(most: Decimal) -> tuple[Decimal, ...]:
    """Return round numbers from nothing to `most` or the next above."""
    least = max(most, Decimal("0.000001")) / _TICKS
    unit = Decimal(1).scaleb(least.adjusted())
    step = next(unit * factor for factor in _STEPS if unit * factor >= least)
    count = int((max(most, step) / step).to_integral_value("ROUND_CEILING"))
    return tuple(step * number for number in range(count + 1))


def _picture(plot: _Plot, parts: Sequence[str], *, title: str, description: str) -> str:
    return (
        f'<svg class="chart" role="img" viewBox="0 0 {plot.width} {plot.height}"><title>{escape(title)}</title>'
        f"<desc>{escape(description)}</desc>{''.join(parts)}</svg>"
    )


def _place(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
