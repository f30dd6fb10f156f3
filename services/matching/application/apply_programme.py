"""An admin publishes a programme's rules (R43, R44, N7)."""

from dataclasses import dataclass

from services.matching.application.ports import UnitOfWork
from services.matching.domain.programme import Programme, Terms
from services.matching.domain.rules import RuleSet
from services.matching.domain.skill_tree import check_codes


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyProgramme:
    """The whole document; what it leaves out takes its default."""

    programme_id: str
    rules: RuleSet
    terms: Terms


async def apply_programme(command: ApplyProgramme, uow: UnitOfWork) -> Programme:
    """Put the next version of the rules in force; the same document again changes nothing and tells nothing.

    Raises:
        RulesInvalid: the rules name a skill that is not on the company's list.

    """
    check_codes(command.rules, await uow.skills.current())
    programme = await uow.programmes.find(command.programme_id) or Programme.named(command.programme_id)
    if programme.publish(command.rules, command.terms):
        await (uow.programmes.save(programme) if programme.revision else uow.programmes.add(programme))
    return programme
