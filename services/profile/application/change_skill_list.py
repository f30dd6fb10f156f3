"""HR changes the company's list of skills; members' codes follow (R6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.profile.application.ports import UnitOfWork
from services.profile.domain.skill_list import recodings
from services.profile.domain.text import slug
from services.profile.domain.vocabulary import Term


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSkill:
    """Put a skill on the list, or replace one that was added before."""

    term: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSkills:
    """Let every spelling of `code` (of the list, or a free tag) mean `into`."""

    code: str
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillListChanged:
    """What a change did: whether anything, and which codes of members mean another one now."""

    changed: bool
    codes: Mapping[str, str]


async def add_skill(command: AddSkill, uow: UnitOfWork) -> SkillListChanged:
    """Add a skill; free tags that are its spellings mean it from then on. The same again changes nothing."""
    skill_list = await uow.skill_list.get()
    changed = skill_list.add(command.term, uow.skill_list.base)
    if changed:
        await uow.skill_list.save(skill_list)
    return SkillListChanged(changed=changed, codes=recodings([command.term], {}))


async def merge_skills(command: MergeSkills, uow: UnitOfWork) -> SkillListChanged:
    """Merge a skill into another. The same again changes nothing but members who were not reached the first time."""
    skill_list = await uow.skill_list.get()
    changed = skill_list.merge(command.code, command.into, uow.skill_list.base)
    if changed:
        await uow.skill_list.save(skill_list)
    into = skill_list.merged[command.code]
    merged = [old for old, new in skill_list.merged.items() if new == into]
    return SkillListChanged(changed=changed, codes={code: into for old in merged for code in (old, slug(old)) if code != into})


async def publish_skill_list(uow: UnitOfWork) -> bool:
    """Tell other services the hierarchy when it is another than was told before: at a first start, or with a new file."""
    skill_list = await uow.skill_list.get()
    if not skill_list.keep_published(uow.skill_list.base):
        return False
    await uow.skill_list.save(skill_list)
    return True


async def recode_members(member_ids: Sequence[str], codes: Mapping[str, str], uow: UnitOfWork) -> int:
    """Give members the codes that theirs mean now; their cards follow. Return how many had one."""
    members = await uow.members.find_many(member_ids)
    changed = [member for member in members if member.recode(codes)]
    await uow.members.save_many(changed)
    return len(changed)
