"""Matching follows the company's list of skills: which skill is part of what (R6)."""

from dataclasses import dataclass

from services.matching.application.ports import UnitOfWork
from services.matching.domain.skill_tree import SkillTree


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSkills:
    """The hierarchy as profile published it, with its place in the order of publications."""

    tree: SkillTree
    sequence: int


async def keep_skills(command: KeepSkills, uow: UnitOfWork) -> None:
    """Keep the newest hierarchy; rounds that are frozen keep theirs."""
    await uow.skills.keep(command.tree, command.sequence)
