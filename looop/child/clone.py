"""A confined worker's own copy of a repository: a clone that borrows its objects, and writes nothing of it.

In: a repository, a folder, a branch. Out: a `Box`; reasons to keep one; a bundle. It is made with the rights
of who works in it, so looop takes it for a stranger's: it runs git on one in a cell, or not at all.
Neighbours: `child.git` runs git, `child.unsaved` judges, `store.clones` finds them.
"""

import errno
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from looop.child import unsaved, worktree
from looop.child.git import Held, Tree, Where, git, said
from looop.child.walls import CHECKS, Walls, Who
from looop.child.worktree import Repository
from looop.core.problem import Exit, Problem
from looop.store import clones, config, files, sandboxes
from looop.store.config import REQUIRE
from looop.store.paths import Profile
from looop.store.sandboxes import CLONE, Box

_DEADLINE = 600.0  # seconds for writing or reading a bundle
_LISTING = 64 << 20  # bytes of a list of refs
_COPIED = 1 << 30  # bytes of a bundle that is brought to another disk
_FORM = "%(objectname) %(refname)"


@dataclass(frozen=True, slots=True)
class _Made:
    """What is made where: `target` is the new clone, `source` its repository, each as git may look at it."""

    box: Box
    source: Where
    target: Where
    place: Path
    env: Mapping[str, str]

    async def ask(self, where: Where, *argv: str) -> list[str]:
        """Give the lines that git says; none when it fails."""
        ended = await git(where, *argv, env=self.env, max_out=_LISTING)
        return ended.out.decode(errors="surrogateescape").splitlines() if ended.code == 0 else []

    async def do(self, *argv: str, stdin: str = "") -> None:
        """Have git change the clone, without even a person's filters: Git LFS would look for its files here.

        Problem NO `no-clone`.
        """
        data = stdin.encode(errors="surrogateescape")
        ended = await git(self.target, *argv, env=self.env, stdin=data)
        if ended.code != 0:
            why = said(ended).rstrip(".")
            raise Problem(Exit.NO, "no-clone", f"git could not make the clone: {why}.")


async def ensure(
    profile: Profile,
    session: str,
    path: Path,
    env: Mapping[str, str],
    *,
    generation: str = "",
    branch: str | None = None,
) -> Box:
    """Make a clone of the repository that `path` is in, with the caller's own rights: those of a worker.

    Problem of `worktree.look`; NO `no-clone`. A cancel leaves a part of one, which the next call replaces.
    """
    repository = await worktree.look(path, env)
    box = Box(
        session=session,
        name=await files.aside(clones.free, profile, session, repository.top),
        repository=str(repository.top),
        common=str(repository.common),
        branch=await worktree.new_branch(repository.common, session, branch, env),
        base=repository.head,
        made=time.time(),
        generation=generation,
        kind=CLONE,
    )
    place = sandboxes.place(profile, box)
    coming = place.with_name(f".{box.name}.coming")
    await files.aside(_clear, coming)
    made = _Made(box, repository.top, coming, coming, env)
    await _build(made, repository)
    await made.do("checkout", "--quiet", "--no-track", "-B", box.branch, box.base)
    await files.aside(_finish, made, place)
    return box


async def remove(profile: Profile, box: Box, env: Mapping[str, str]) -> tuple[str, ...]:
    """Remove a clone, keep a bundle of its commits; or give the reasons why it stays."""
    place = sandboxes.place(profile, box)
    if clones.real(place):
        try:
            if kept := await reasons(profile, box, env):
                return kept
        except Problem as problem:
            return (problem.text,)
    elif box.removed is None:  # its worker has moved or removed it
        await files.aside(sandboxes.drop, profile, box)
        return ()
    if box.removed is None:
        held = _held(profile, box, env)
        tip = await worktree.commit(held, f"refs/heads/{box.branch}", env)
        bundle = ""
        if await _bundle(profile, box, env):
            file = sandboxes.bundle(profile, box)
            await files.aside(files.durable_remove, file)
            await files.aside(_keep, profile, box, file)
            bundle = file.name
        box = msgspec.structs.replace(box, removed=time.time(), tip=tip or "", bundle=bundle)
        await files.aside(sandboxes.write, profile, box)
    await files.aside(_take_down, profile, box)
    return ()


async def restore(profile: Profile, box: Box, env: Mapping[str, str]) -> Box:
    """Make a removed clone anew, of its repository and its bundle. Problem NO `no-clone`, `in-the-way`."""
    await files.aside(sandboxes.prepare, profile)
    coming, place = _aside(profile, box, "coming"), sandboxes.place(profile, box)
    if files.present(place):
        raise Problem(Exit.NO, "in-the-way", f"Something else is in its place: move {place} away.")
    await files.aside(_clear, coming)
    source = _cell(profile, box, Path(box.repository), env)
    made = _Made(box, source, _cell(profile, box, coming, env, write=coming), coming, env)
    await _build(made, await worktree.look(source, env))
    if box.bundle:
        words = ("bundle", "unbundle", str(sandboxes.bundle(profile, box)))
        pairs = [line.split(" ", 1) for line in await made.ask(made.target, *words)]
        refs = [f"create {ref} {name}" for name, ref in pairs if ref.startswith("refs/heads/")]
        await made.do("update-ref", "--stdin", stdin="".join(f"{ref}\n" for ref in refs))
    tip = box.tip or box.base
    await made.do("checkout", "--quiet", "--no-track", "-B", box.branch, tip)
    await files.aside(files.private_dir, place.parent)
    await files.aside(_finish, made, place)
    await files.aside(sandboxes.drop, profile, box)
    return msgspec.structs.replace(box, removed=None, tip="", bundle="", setup="", told=False)


async def reasons(profile: Profile, box: Box, env: Mapping[str, str]) -> tuple[str, ...]:
    """Give every reason to keep a clone. Problem REFUSED `not-confined` where none can be looked at."""
    git_folder = sandboxes.place(profile, box) / ".git"
    if not clones.real(git_folder) or files.present(git_folder / "commondir"):
        return ("its .git is no folder of its own, so looop does not look into it",)
    if not box.repository:
        return ("nothing tells which repository it is a clone of",)
    source = _cell(profile, box, Path(box.repository), env)
    how = f"`looop sandbox {box.session} --bundle FILE` writes them where `git fetch FILE` takes them from"
    return await unsaved.of_clone(_held(profile, box, env), source, env, how)


async def bundle_to(profile: Profile, box: Box, target: Path, env: Mapping[str, str]) -> bool:
    """Write all commits of a clone that its repository lacks into a new file; False when there are none.

    FileExistsError; Problem REFUSED `not-confined`, NO `no-bundle`.
    """
    if not await _bundle(profile, box, env):
        return False
    await files.aside(_keep, profile, box, target)
    return True


async def _build(made: _Made, repository: Repository) -> None:
    """Make everything but the files: objects that are borrowed, refs, remotes, a person's name."""
    form = (await made.ask(made.source, "rev-parse", "--show-object-format") or ["sha1"])[0]
    await made.do("init", "--quiet", "--template=", f"--object-format={form}")
    await files.aside(_borrow, made.place, repository.common)
    refs = await made.ask(
        made.source, "for-each-ref", f"--format={_FORM} %(symref)", "refs/heads", "refs/tags", "refs/remotes"
    )
    wanted = (line.split(" ") for line in refs)
    lines = [f"create {_here(ref)} {name}" for name, ref, symbolic in wanted if not symbolic and _here(ref)]
    if lines:
        await made.do("update-ref", "--stdin", stdin="\n".join([*lines, ""]))
    for key, value in await _settings(made, repository):
        await made.do("config", "--local", "--add", key, value)
    await files.aside(clones.mark, made.place, made.box)


def _here(ref: str) -> str:
    """Name a ref of the source as it is called in a clone; "" for what has no place there."""
    branch = ref.removeprefix("refs/heads/")
    if branch != ref:
        return "" if branch.startswith(f"{worktree.ROOT}/") else f"refs/remotes/source/{branch}"
    return ref if ref.startswith(("refs/tags/", "refs/remotes/origin/")) else ""


async def _settings(made: _Made, repository: Repository) -> list[tuple[str, str]]:
    """Give the clone's own settings: where to push, whence it came, and who commits."""
    found = [("remote.source.url", str(repository.top))]
    found.append(("remote.source.fetch", "+refs/heads/*:refs/remotes/source/*"))
    for key in ("remote.origin.url", "remote.origin.pushurl"):
        there = await made.ask(made.source, "config", "--get-all", key)
        found += [(key, _absolute(value, repository.top)) for value in there]
    if len(found) > 2:  # noqa: PLR2004 - there is an origin
        found.append(("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"))
    for key in ("user.name", "user.email"):
        found += [(key, value) for value in (await made.ask(made.source, "config", "--get", key))[:1]]
    return found


def _absolute(address: str, top: Path) -> str:
    """Spell out an address that is a path, as git would read it in the source."""
    remote = "://" in address or ":" in address.partition("/")[0] or address.startswith("~")
    return address if remote else str(top / address)


def _borrow(place: Path, common: Path) -> None:
    info = place / ".git" / "objects" / "info"
    files.private_dir(info)
    files.scratch(info / "alternates", f"{common / 'objects'}\n".encode(errors="surrogateescape"))
    if files.present(common / "shallow"):
        files.copy_regular(common / "shallow", place / ".git" / "shallow", _LISTING)


async def _bundle(profile: Profile, box: Box, env: Mapping[str, str]) -> bool:
    """Have a bundle made in a folder of its own, all that this git may write; whether there is one."""
    await files.aside(sandboxes.prepare, profile)
    making = _aside(profile, box, "making")
    await files.aside(_clear, making)
    known = await unsaved.tips(_cell(profile, box, Path(box.repository), env), env)
    held = _held(profile, box, env, write=making)
    stdin = "".join(f"^{name}\n" for name in known or ()).encode()
    count = await git(held, "rev-list", "--count", "--branches", "HEAD", "--stdin", env=env, stdin=stdin)
    if count.code == 0 and not int(count.out):
        await files.aside(files.remove_tree, making)
        return False
    file = making / "bundle"
    words = ("bundle", "create", "--quiet", str(file), "--branches", "HEAD", "--stdin")
    made = await git(held, *words, env=env, stdin=stdin, deadline=_DEADLINE)
    if made.code != 0 or file.is_symlink() or not file.is_file():
        await files.aside(files.remove_tree, making)
        raise Problem(Exit.NO, "no-bundle", f"Its commits could not be put into a bundle: {said(made)}.")
    return True


def _keep(profile: Profile, box: Box, target: Path) -> None:
    """Take a bundle over, unless what a stranger's git has left is none. FileExistsError."""
    making = _aside(profile, box, "making")
    try:
        if files.present(target):
            raise FileExistsError(errno.EEXIST, "it exists", str(target))
        _move(making / "bundle", target)
    finally:
        files.remove_tree(making)


def _move(bundle: Path, target: Path) -> None:
    try:
        files.durable_rename(bundle, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        files.copy_regular(bundle, target, _COPIED)


def _held(profile: Profile, box: Box, env: Mapping[str, str], write: Path | None = None) -> Held:
    place = sandboxes.place(profile, box)
    return _cell(profile, box, Tree(place, place / ".git", place / ".git"), env, write=write)


def _cell(
    profile: Profile, box: Box, at: Path | Tree, env: Mapping[str, str], write: Path | None = None
) -> Held:
    """Have git look at something in the cell of a check, in which it may write nothing, or one folder.

    CONFIG's `confine: off` is for what a person starts: this is looop's own.
    """
    settings = msgspec.structs.replace(config.load(profile, env), confine=REQUIRE)
    walls = Walls(profile, settings, env)
    if walls.level().by is None:
        text = f"looop runs git on what a worker wrote only in a cell, and this is {walls.level()}"
        raise Problem(Exit.REFUSED, "not-confined", text)
    who = Who(CHECKS, box.session, write=() if write is None else (str(write),))
    return Held(at, lambda argv, its: walls.confined(who, argv, its, profile.data))


def _aside(profile: Profile, box: Box, what: str) -> Path:
    """Name a folder that no worker can write to."""
    return sandboxes.doomed(profile, box).with_suffix(f".{what}")


def _clear(folder: Path) -> None:
    files.remove_tree(folder)
    files.private_dir(folder)


def _finish(made: _Made, place: Path) -> None:
    files.durable_rename(made.place, place)


def _take_down(profile: Profile, box: Box) -> None:
    path, doomed = sandboxes.place(profile, box), sandboxes.doomed(profile, box)
    files.remove_tree(doomed)
    if clones.real(path):
        files.durable_rename(path, doomed)
        files.remove_tree(doomed)
    if clones.real(path.parent) and not any(path.parent.iterdir()):
        path.parent.rmdir()
