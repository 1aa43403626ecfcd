"""What a person or a model sees of a skill: made from the typed part and its statistics.

Free text (the name included, and steps, preconditions and outcome) appears only for skills
at operator trust. Every other skill is told from its condition and plan alone, so changing
an unapproved text changes nothing that is shown to a model.
"""

from __future__ import annotations

from skills.counts import Counts
from skills.reliability import EVEN, Prior, contract, posterior
from skills.schema import Plan, Skill, SkillDraft
from skills.sentence import sentence


def render(skill: Skill, book: Counts, *, cleared: bool = False, prior: Prior = EVEN) -> str:
    """Return the skill as lines: title with its record, when it applies, numbered steps, what is expected.

    ``cleared`` says that an operator approved this version's text on record; ``prior`` is what its interval begins with.
    """
    approved = cleared or (skill.trust == "operator" and not skill.tainted)
    lines = [f"{skill.name if approved else f'skill {skill.id[:8]}'} v{skill.version}: {_record(skill, book, prior)}"]
    if skill.condition is not None:
        lines.append(f"Applies when {sentence(skill.condition)}.")
    if approved and skill.preconditions:
        lines.append("Preconditions: " + "; ".join(skill.preconditions))
    steps = skill.filled_steps() if approved else typed_steps(skill)
    lines += [f"{number}. {step}" for number, step in enumerate(steps, start=1)]
    lines.append(f"Expected outcome: {_expected(skill, book, approved)}.")
    return "\n".join(lines)


def typed_steps(draft: SkillDraft) -> list[str]:
    """Return the stages of a strategy as its condition and plan state them; a procedure has none."""
    if draft.condition is None or draft.plan is None:
        return []
    plan = draft.plan
    return [
        f"Entry: {plan.side} at the next bar's open when {sentence(draft.condition)}; size {plan.size:g} of the arithmetic one",
        f"Management: {_management(plan)}",
        f"Exit: at the target {plan.target_atr:g} ATR from the entry, or at the close of bar {plan.max_bars} at the latest",
    ]


def body(draft: SkillDraft) -> str:
    """Return the Markdown body of the skill's SKILL.md, for readers; the typed part is references/skill.json."""
    parts = [f"# {draft.name}", "", draft.description, ""]
    if draft.condition is not None and draft.plan is not None:
        parts += ["## When", "", f"{sentence(draft.condition)}.", ""]
        parts += ["## Plan", "", f"{draft.plan.side.capitalize()}; {_management(draft.plan)}; ", ""]
        parts[-2] += f"target {draft.plan.target_atr:g} ATR; at most {draft.plan.max_bars} bars."
    for title, lines in (("Preconditions", draft.preconditions), ("Afterwards", draft.postconditions)):
        if lines:
            parts += [f"## {title}", "", *(f"- {line}" for line in lines), ""]
    parts += ["## Steps", ""]
    steps = zip(draft.filled_steps(), draft.steps, strict=True)
    parts += [f"{number}. *{step.stage}*: {text}" for number, (text, step) in enumerate(steps, start=1)]
    parts += ["", "The typed part, which is what runs, is in [references/skill.json](references/skill.json)."]
    return "\n".join(parts) + "\n"


def _management(plan: Plan) -> str:
    return f"stop {plan.stop_atr:g} ATR from the entry"


def _record(skill: Skill, book: Counts, prior: Prior) -> str:
    if not book.total:
        return f"untried, prior confidence {skill.prior:.2f}"
    bounds = posterior(book, prior=prior)
    return (
        f"reliability {contract(book, skill.prior):.2f} over {book.total} executions "
        f"(95 % interval {bounds.low:.2f} to {bounds.high:.2f})"
    )


def _expected(skill: Skill, book: Counts, approved: bool) -> str:
    if book.mean_r is not None:
        return f"net {book.mean_r:+.2f} R a trade so far"
    if approved and skill.postconditions:
        return "; ".join(skill.postconditions).rstrip(".")
    return f"a success is net {skill.success.success_r:g} R or more"
