"""A gate in words: for the terminal, as JUnit XML for a CI server, and as Markdown for a job's summary."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from arena.redact import redact
from arena.reports.board import Ends
from arena.reports.gate import Gate, Metric, Part, Power
from arena.reports.leaderboard import BANNER, escaped
from arena.reports.verdict import short_name

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def title(gate: Gate) -> str:
    """`tuned − base`."""
    return f"{short_name(gate.new)} − {short_name(gate.old)}" + (f" of {gate.against}" if gate.against else "")


def figure(gate: Gate, part: Part | None = None) -> str:
    """`win rate 54.2 % − 50.0 % = +4.2 pp, 90% interval [+0.3, +8.1] pp, 200 questions`."""
    of, metric = part or gate.whole, gate.metric
    said = f"{metric.title} {metric.standing(of.new)} − {metric.standing(of.old)}"
    said += f" = {metric.number(of.ends.value, signed=True)} {metric.unit}, {interval(gate, of.ends)}"
    return f"{said}, {of.n_questions:,} question{'s' * (of.n_questions != 1)}"


def interval(gate: Gate, ends: Ends) -> str:
    """`90% interval [+0.3, +8.1] pp`; an end that is not known is infinite."""
    metric = gate.metric
    low = metric.number(float("-inf") if ends.low is None else ends.low, signed=True)
    high = metric.number(float("inf") if ends.high is None else ends.high, signed=True)
    return f"{100 * gate.interval_level:.10g}% interval [{low}, {high}] {metric.unit}"


def meaning(gate: Gate) -> str:
    """What the verdict says about the two models, in one sentence."""
    new, old, within = short_name(gate.new), short_name(gate.old), gate.metric.amount(gate.margin)
    where = " in every category" if gate.categories and gate.verdict == "PASS" else ""
    bound = f"−{within}" if gate.margin else "0"
    match gate.verdict:
        case "PASS" if not gate.margin:
            return f"{new} is better than {old}{where}: the interval lies above 0."
        case "PASS":
            return f"{new} is not {within} worse than {old}{where}: the interval lies above {bound}."
        case "FAIL" if gate.reasons:
            return f"{new} cannot take the place of {old}."
        case "FAIL":
            worse = [short_name(name) for name, part in gate.categories.items() if part.verdict == "FAIL"]
            more = f" in {', '.join(worse)}" if worse else ""
            by = f" by more than {within}" if gate.margin else ""
            return f"{new} is worse than {old}{by}{more}: the interval lies below {bound}."
        case _ if gate.reasons:
            return f"Whether {new} can take the place of {old} is not decided."
        case _ if gate.categories:
            return "These questions cannot tell: no category fails, and not every one passes."
        case _:
            return f"These questions cannot tell: the interval does not lie on one side of {bound}."


def failures(gate: Gate) -> str | None:
    """What the failed answers of the new model came to; None without any."""
    if not gate.failed:
        return None
    one = gate.failed == 1
    value = gate.metric.number(gate.without_failures.value, signed=True)
    return (
        f"{gate.failed:,} answer{'s' * (not one)} of {short_name(gate.new)} failed and count{'s' * one} as lost; "
        f"without {'it' if one else 'them'}: {value} {gate.metric.unit}, "
        f"{interval(gate, gate.without_failures)}"
    )


def looked_at(gate: Gate) -> str | None:
    """What a look at a growing run sees; None for a gate that is asked once."""
    if gate.peek is None:
        return None
    seen, planned = gate.peek.looked_at, gate.peek.planned
    return f"looked at the first {seen:,} of {planned:,} questions in the seeded order; the level holds for all looks"


def lines(gate: Gate) -> list[str]:
    """All that there is to say under the verdict, a sentence each."""
    said = [figure(gate)]
    said += [f"{name}: {part.verdict}, {figure(gate, part)}" for name, part in gate.categories.items()]
    said += [meaning(gate), *(f"{gate.verdict} because {reason}" for reason in gate.reasons)]
    return [*said, *filter(None, [failures(gate), looked_at(gate)]), *gate.notes]


def power_lines(power: Power, metric: Metric, level: float, *, peek: bool = True) -> list[str]:
    """What so many questions can tell, and what a difference needs, a sentence each; with `peek` also by looking."""
    varies = f"{metric.number(power.sd)} {metric.unit}"
    known = (
        "a rule of thumb, since nothing is rated yet or nothing varies" if power.assumed else "as seen on this board"
    )
    sure = f"power {100 * power.power:g}%, level {level:g}"
    lines = [f"from question to question a difference varies by {varies}, {known}"]
    by = [(power.detectable, "asked once"), (power.detectable_watched, "with --peek, every 50 questions")]
    watching = peek and power.detectable_watched is not None
    for seen, how in by if watching else by[:1]:
        amount = (
            "no difference" if seen is None else f"a difference of {metric.number(seen)} {metric.unit} from the margin"
        )
        lines.append(f"{power.questions:,} questions show {amount} ({sure}, {how})")
    if peek and not watching:
        lines.append("with --peek nothing is decided below 50 questions")
    if power.difference is not None:
        needed = (power.needed, power.needed_watched)
        once, watched = ("more than 10,000,000" if n is None else f"{n:,}" for n in needed)
        looking = f", with --peek {watched}" if peek else ""
        lines.append(f"to see {metric.amount(power.difference)} takes {once} questions{looking}")
    return lines


def to_junit(gate: Gate) -> bytes:
    """JUnit XML: one test case, or one per category; FAIL and INCONCLUSIVE are failures of these types."""
    parts = dict(gate.categories) or {gate.metric.name: gate.whole}
    suite = ET.Element("testsuite", name=_xml(f"arena gate: {title(gate)}"), errors="0", skipped="0", time="0")
    body = _xml("\n".join(([BANNER] if gate.simulated else []) + lines(gate)))
    verdicts = {name: gate.verdict if len(parts) == 1 else part.verdict for name, part in parts.items()}
    if gate.verdict != "PASS" and "PASS" in verdicts.values() and set(verdicts.values()) == {"PASS"}:
        verdicts = {"gate": gate.verdict, **verdicts}
    for name, verdict in verdicts.items():
        case = ET.SubElement(suite, "testcase", classname=_xml(f"arena.gate.{title(gate)}"), name=_xml(name), time="0")
        if verdict != "PASS":
            told = figure(gate, parts[name]) if name in gate.categories else "; ".join([figure(gate), *gate.reasons])
            ET.SubElement(case, "failure", type=verdict, message=_xml(f"{verdict}: {told}")).text = body
        else:
            ET.SubElement(case, "system-out").text = body
    bad = sum(verdict != "PASS" for verdict in verdicts.values())
    suite.set("tests", str(len(verdicts)))
    suite.set("failures", str(bad))
    suites = ET.Element("testsuites", tests=str(len(verdicts)), failures=str(bad))
    suites.append(suite)
    ET.indent(suites)
    document: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def to_markdown(gate: Gate) -> str:
    """A few lines and a table, as a CI server shows them beside a job."""
    parts = {"all questions": gate.whole, **gate.categories}
    said = [f"> **{BANNER}**", ""] if gate.simulated else []
    said += [f"### {gate.verdict}: {escaped(title(gate))}", "", escaped(meaning(gate)), ""]
    heads = ["", "verdict", gate.metric.title, f"difference, {gate.metric.unit}", "interval", "questions"]
    said += ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, part in parts.items():
        metric, bounds = gate.metric, interval(gate, part.ends).partition("interval ")[2]
        cells = [
            escaped(name), gate.verdict if part is gate.whole else part.verdict,
            f"{metric.standing(part.new)} − {metric.standing(part.old)}",
            metric.number(part.ends.value, signed=True), escaped(bounds), f"{part.n_questions:,}",
        ]  # fmt: skip
        said.append("| " + " | ".join(cells) + " |")
    margin = gate.metric.amount(gate.margin) if gate.margin else "0"
    said += ["", f"Margin {margin}, level {gate.level:g}: the interval holds {100 * gate.interval_level:.10g} %.", ""]
    told = [
        *(f"{gate.verdict} because {reason}" for reason in gate.reasons),
        *filter(None, [failures(gate), looked_at(gate)]),
    ]
    said += [f"- {escaped(redact(line))}" for line in (*told, *gate.notes)]
    return "\n".join(said).rstrip() + "\n"


def _xml(text: str) -> str:
    """Text without what XML cannot hold, and without keys."""
    return _NOT_XML.sub("�", redact(text))
