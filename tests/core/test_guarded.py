"""Which rule holds which command: a table, and a property that no harmless option hides one."""

import shlex
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looop.core.guarded import Added, Rules, Where, asks_branch, hot, judge, known, mistake
from looop.core.rules import Guard
from support.commands import FREE, HELD, WHERE


@pytest.mark.parametrize(("name", "text"), [(name, text) for name in HELD for text in HELD[name]])
def test_a_command_that_needs_a_person_falls_under_its_rule(name: str, text: str) -> None:
    rule = judge(shlex.split(text), Rules(), WHERE)
    assert rule is not None, text
    assert rule.name == name


@pytest.mark.parametrize("text", FREE)
def test_what_needs_nobody_is_not_held(text: str) -> None:
    assert judge(shlex.split(text), Rules(), WHERE) is None


def test_every_rule_has_a_command_that_it_holds() -> None:
    assert {rule.name for rule in known(Rules())} == set(HELD)


def test_a_bare_push_is_held_by_the_branch_that_is_checked_out() -> None:
    on_main = Where(cwd="/repo", branch="main")
    for text in ("git push", "git push origin", "git push -u origin HEAD", "git push origin @"):
        rule = judge(shlex.split(text), Rules(), on_main)
        assert rule is not None, text
        assert rule.name == "git-push-protected"
    assert judge(["git", "push"], Rules(), Where(cwd="/repo")) is None


def test_only_a_push_that_names_no_branch_asks_for_it_with_gits_own_options() -> None:
    assert asks_branch(shlex.split("git -C /repo -c x=y push")) == ("-C", "/repo", "-c", "x=y")
    assert asks_branch(shlex.split("env A=1 git push origin HEAD")) == ()
    assert asks_branch(shlex.split("git push origin feature")) is None
    assert asks_branch(shlex.split("git push --tags")) is None
    assert asks_branch(shlex.split("git status")) is None


def test_a_link_that_leads_out_of_the_sandbox_is_followed_but_may_itself_be_removed() -> None:
    links = {"/data/sandboxes/fix-1/mail/out": "/home/ada", "/data/sandboxes/fix-1/mail/out/": "/home/ada"}
    where = Where(WHERE.cwd, WHERE.clears, real=lambda path: links.get(path, path))
    assert judge(["rm", "-rf", "out"], Rules(), where) is None
    assert judge(["rm", "-rf", "out/src"], Rules(), where) is not None
    assert judge(["rm", "-rf", "out/"], Rules(), where) is not None


def test_what_is_kept_is_not_cleared_though_it_lies_in_what_may_be() -> None:
    where = Where(
        "/tmp", ("/tmp", "/tmp/data/sandboxes", "~/scratch"), ("/tmp/data", "/tmp/ada"), home="/tmp/ada"
    )

    def held(target: str) -> bool:
        return judge(["rm", "-r", target], Rules(), where) is not None

    assert not held("/tmp/x")
    assert not held("/tmp/data/sandboxes/tea-1")
    assert not held("/tmp/ada/scratch/x")
    assert not held("/tmp/data2")
    for target in ("/tmp/data", "/tmp/data/goals", "/tmp/ada", "/tmp/ada/src", "/", "/tmp/data/sandboxes"):
        assert held(target), target


def test_all_built_in_rules_can_be_left_out_at_once() -> None:
    rules = Rules(frozenset({"*"}), (Added("s3", ("aws",)),))
    assert judge(["sudo", "ls"], rules, WHERE) is None
    assert judge(["aws", "ls"], rules, WHERE) is not None
    assert list(hot(rules)) == ["aws"]


def test_a_rule_of_ones_own_is_looked_for_by_its_last_plain_word() -> None:
    added = (
        Added("s3-rm", ("aws", "s3", "rm", "*")),
        Added("drop", ("psql", "--command=*DROP*")),
        Added("databases", ("rm", "*.db")),
    )
    patterns = hot(Rules(added=added))
    assert (patterns["aws"], patterns["psql"], patterns["rm"]) == (("rm",), ("*",), ("*",))


def test_config_leaves_rules_out_adds_some_and_names_other_branches() -> None:
    rules = Rules(
        frozenset({"root"}),
        (
            Added("s3-rm", ("aws", "s3", "rm", "*"), "it is the backup"),
            Added("drop", ("psql", "--command=*DROP*")),
        ),
    )
    assert judge(["sudo", "ls"], rules, WHERE) is None
    for text in ("aws s3 rm s3://x", "aws --profile prod s3 rm", "env A=1 aws s3 --quiet rm s3://x"):
        rule = judge(shlex.split(text), rules, WHERE)
        assert rule is not None, text
        assert (rule.name, rule.why) == ("s3-rm", "it is the backup")
    assert judge(["aws", "s3", "ls", "rm"], rules, WHERE) is None
    assert judge(["psql", "db", "--command=DROP TABLE x"], rules, WHERE) is not None
    assert judge(["psql", "db", "--command=SELECT 1"], rules, WHERE) is None
    mine = Where("/repo", protected=("prod",))
    assert judge(shlex.split("git push origin prod"), Rules(), mine) is not None
    assert judge(shlex.split("git push origin main"), Rules(), mine) is None


GLOBAL = {
    "git": ["-C /x", "-c a=b", "--git-dir=/x", "--work-tree /x", "--no-pager", "-p", "--new-option"],
    "gh": ["-R a/b", "--repo a/b", "--repo=a/b", "--new-option"],
    "npm": ["--registry http://x", "-w a", "--silent", "--new-option", "--new=1"],
    "kubectl": ["-n x", "-nx", "--context x", "--kubeconfig=/x", "-v 6", "--new-option"],
    "helm": ["-n x", "--kube-context x", "--debug"],
    "docker": ["--context x", "-D", "-H tcp://x", "--new-option x"],
    "cargo": ["-q", "--color never", "--config a=b"],
    "terraform": ["-chdir=x", "-new"],
    "systemctl": ["--no-block", "-H x", "-q"],
}
MATCHED = [
    (name, shlex.split(text))
    for name in HELD
    for text in HELD[name]
    if text.split()[0] in GLOBAL and "+nightly" not in text and "alias" not in text
]


@given(st.sampled_from(MATCHED), st.data())
def test_no_option_before_the_verb_hides_a_rule(held: tuple[str, list[str]], data: st.DataObject) -> None:
    name, argv = held
    options = data.draw(st.lists(st.sampled_from(GLOBAL[argv[0]]), max_size=4))
    more = [word for option in options for word in option.split()]
    rule = judge([argv[0], *more, *argv[1:]], Rules(), WHERE)
    assert rule is not None
    assert rule.name == name


@given(
    st.lists(st.sampled_from(["-v", "-i", "--force", "--verbose", "-I", "x", "--"]), max_size=6), st.data()
)
def test_rm_is_seen_through_its_options_in_any_order(words: list[str], data: st.DataObject) -> None:
    end = words.index("--") if "--" in words else len(words)
    at = data.draw(st.integers(0, end))
    argv = ["rm", *words[:at], data.draw(st.sampled_from(["-r", "-fR", "--recursive"])), *words[at:], "/etc"]
    assert judge(argv, Rules(), WHERE) is not None


WORDS = sorted({word for texts in HELD.values() for text in texts for word in shlex.split(text)})


def test_each_held_command_has_a_word_that_the_shim_looks_for() -> None:
    patterns = hot(Rules())
    for text in (text for texts in HELD.values() for text in texts):
        program, *words = shlex.split(text)
        if program in patterns and patterns[program] != ("*",):
            assert any(fnmatchcase(word, it) for word in words for it in patterns[program]), text


@given(st.sampled_from(sorted(hot(Rules()))), st.lists(st.sampled_from(WORDS), max_size=5))
def test_what_is_held_has_a_word_that_the_shim_looks_for(program: str, words: list[str]) -> None:
    if judge([program, *words], Rules(), WHERE) is None:
        return
    patterns = hot(Rules())[program]
    if patterns != ("*",):
        assert any(fnmatchcase(word, it) for word in words for it in patterns)


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text()), max_size=8))
def test_any_words_can_be_judged(words: list[str]) -> None:
    judge(words, Rules(), WHERE)
    asks_branch(words)


def test_a_mistake_in_any_rule_folder_or_name_is_told_with_its_place() -> None:
    fine, folder = Added("s3", ("aws",)), "/srv/x"
    assert mistake(Guard(("s3",), (fine, Added("tf", ("terraform",))), clear=(folder, "~/y"))) is None
    assert (mistake(Guard(("s4",), (fine,))) or "").startswith(".off[0]` is 's4'")
    assert (mistake(Guard(add=(fine, Added("s3!", ("aws",))))) or "").startswith(".add[1].name`")
    assert (mistake(Guard(add=(fine, Added("x", ("a b",))))) or "").startswith(".add[1].match`")
    assert (mistake(Guard(clear=(folder, "y"))) or "").startswith(".clear[1]`")


def test_a_rule_of_ones_own_that_is_off_is_not_looked_for() -> None:
    rules = Rules.of(Guard(("s3", "root"), (Added("s3", ("aws",)), Added("tf", ("terraform",)))))
    assert "aws" not in hot(rules)
    assert "terraform" in hot(rules)
    assert judge(["aws", "ls"], rules, WHERE) is None
    assert judge(["sudo", "ls"], rules, WHERE) is None


@pytest.mark.parametrize(
    "text",
    [
        "env --split-string='sudo ls'",
        "env -S 'sudo ls'",
        'env --split-string="sudo \'ls"',
        "env -i -S 'sudo ls' x",
    ],
)
def test_a_command_in_one_word_for_env_is_read_like_any_other(text: str) -> None:
    rule = judge(shlex.split(text), Rules(), WHERE)
    assert rule is not None
    assert rule.name == "root"
