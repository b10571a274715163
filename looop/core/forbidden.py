"""The table of rules: which commands are not an agent's to run, and why.

In: a program's arguments, and where it would run. Out: yes or no, one test a rule. Who adds a rule adds one
entry here, with the options of its program that take a value, and a line to the table of its test.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from looop.core import forbidden_git, forbidden_rm
from looop.core.argv import NONE, Options, after, options
from looop.core.rules import Rule, Where

Test = Callable[[Sequence[str], Where], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule, the programs that it is about, and what it asks of their arguments.

    `hot` are patterns of a shell's `case`: where no argument is like one of them, no test can be true.
    """

    rule: Rule
    programs: tuple[str, ...]
    test: Test
    hot: tuple[str, ...]


_GH = options(values="-R --repo --hostname")
_NPM = options(
    values="-C --prefix --dir --registry --tag --otp --access -w --workspace --userconfig --loglevel --cache "
    "-F --filter --filter-prod --cwd --scope",
    bare="-r --recursive --silent -s -q --quiet -d -g --global --workspaces --no-git-checks --dry-run --json",
)
_PYTHON = options(
    values="-P --project -C --directory --config-file --color --cache-dir --allow-insecure-host",
    bare="-q --quiet -v --verbose -n --no-interaction --ansi --no-ansi --no-plugins --no-cache --offline",
)
_CARGO = options(
    values="--color --config -C -Z --explain", bare="-v -q --verbose --quiet --frozen --locked --offline"
)
_KUBECTL = options(
    values="-n --namespace --context --cluster --user --kubeconfig -s --server --token --as --as-group "
    "--as-uid --cache-dir --certificate-authority --client-certificate --client-key --password --username "
    "--profile --profile-output --request-timeout --tls-server-name -v --v --vmodule --log-file --log-dir",
    bare="--insecure-skip-tls-verify --match-server-version --warnings-as-errors --disable-compression "
    "--alsologtostderr --logtostderr",
)
_HELM = options(
    values="-n --namespace --kube-context --kubeconfig --kube-apiserver --kube-token --kube-as-user "
    "--kube-as-group --kube-ca-file --registry-config --repository-cache --repository-config --burst-limit "
    "--qps",
    bare="--debug --kube-insecure-skip-tls-verify",
)
_DOCKER = options(
    values="--config -c --context -H --host -l --log-level --tlscacert --tlscert --tlskey --connection --url "
    "--identity --root --runroot --storage-driver --storage-opt --cgroup-manager --network-cmd-path --tmpdir "
    "-f --file -p --project-name --profile --env-file --project-directory --builder",
    bare="-D --debug --tls --tlsverify -r --remote",
)
_SYSTEMCTL = options(
    values="-H --host -M --machine -t --type -p --property -n --lines -o --output --root --image -s --signal "
    "--job-mode --message --when",
    bare="-q --quiet --user --system --no-block --now -f --force -i --no-wall --no-ask-password",
)
_HELPS = frozenset({"--help", "-h"})


def told(known: Options, *verbs: str, rehearsals: Collection[str] = ()) -> Test:
    """Test whether a program is told one of these: words with blanks between, `a|b` where either will do.

    Not if it is only asked for help on it, or for one of these rehearsals.
    """
    patterns = [[frozenset(word.split("|")) for word in verb.split()] for verb in verbs]

    def test(args: Sequence[str], _where: Where) -> bool:
        return any(
            not (len(args) == at + 1 and args[at] in _HELPS) and not _rehearsed(args, rehearsals)
            for pattern in patterns
            for at in after(args, pattern, known)
        )

    return test


def _rehearsed(args: Sequence[str], rehearsals: Collection[str]) -> bool:
    """Tell whether all that is said of a rehearsal says yes: `--dry-run --dry-run=none` does not."""
    options = args[: args.index("--")] if "--" in args else args
    said = [arg for arg in options if arg.partition("=")[0] in {"--dry-run", "--no-dry-run"}]
    return bool(said) and all(arg in rehearsals for arg in said)


def always(_args: Sequence[str], _where: Where) -> bool:
    """Test nothing: it is the program itself that is held."""
    return True


_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_API_FIELDS = ("-f", "-F", "--field", "--raw-field", "--input")
_METHODS = ("--method=", "-X=", "-X")


def _calls_api(args: Sequence[str], _where: Where) -> bool:
    """Test whether `gh api` changes something: by its method, its fields, or a mutation in GraphQL."""
    return any(_changes(args[at:]) for at in after(args, [{"api"}], _GH))


def _changes(call: Sequence[str]) -> bool:
    method = None
    for at, arg in enumerate(call):
        if arg in {"-X", "--method"}:
            method = call[at + 1] if at + 1 < len(call) else ""
        elif found := next((start for start in _METHODS if arg.startswith(start)), None):
            method = arg.removeprefix(found)
    fields = any(arg.startswith(_API_FIELDS) for arg in call)
    if method is None and "graphql" in call:
        return fields and (
            any("mutation" in arg for arg in call) or any("=@" in arg or "--input" in arg for arg in call)
        )
    return fields if method is None else method.upper() not in _READS


def _cargo(args: Sequence[str], where: Where) -> bool:
    rest = args[1:] if args and args[0].startswith("+") else args
    return told(_CARGO, "publish|yank|owner", rehearsals={"--dry-run"})(rest, where)


def _entry(name: str, why: str, programs: str, test: Test, hot: str = "") -> Entry:
    return Entry(Rule(name, why), tuple(programs.split()), test, tuple(hot.split()))


_ALIAS = "*[aA][lL][iI][aA][sS].*"
_PUBLISH = "pu publ publi publis publish pub unp unpu unpub unpubl unpublish deprecate"

TABLE: tuple[Entry, ...] = (
    _entry(
        "git-push-force",
        "it may rewrite or remove commits that others have",
        "git",
        forbidden_git.overwrites,
        f"push {_ALIAS}",
    ),
    _entry(
        "git-push-protected",
        "it goes to a protected branch",
        "git",
        forbidden_git.protected,
        f"push {_ALIAS}",
    ),
    _entry(
        "gh-merge",
        "it merges a pull request",
        "gh",
        told(_GH, "pr merge"),
        "merge",
    ),
    _entry(
        "gh-close",
        "it ends what others may be working on",
        "gh",
        told(_GH, "pr|issue close", "issue delete|transfer"),
        "close delete transfer",
    ),
    _entry(
        "gh-comment",
        "others read it at once, in a person's name",
        "gh",
        told(_GH, "pr|issue comment", "pr review"),
        "comment review",
    ),
    _entry(
        "gh-release",
        "it publishes",
        "gh",
        told(_GH, "release create|new|delete|delete-asset|edit|upload"),
        "release",
    ),
    _entry("gh-api", "it changes something on the server", "gh", _calls_api, "api"),
    _entry(
        "gh-repo",
        "it removes or archives a whole repository",
        "gh",
        told(_GH, "repo delete|archive"),
        "delete archive",
    ),
    _entry(
        "npm-publish",
        "what was published can't be taken back",
        "npm pnpm yarn bun",
        told(
            _NPM,
            _PUBLISH.replace(" ", "|"),
            "dist-tag|dist-tags add|rm",
            "npm publish",
            "workspace * publish",
            "workspace * npm publish",
            "workspaces foreach npm publish",
            rehearsals={"--dry-run", "--dry-run=true"},
        ),
        f"{_PUBLISH} dist-tag dist-tags",
    ),
    _entry(
        "pypi-publish",
        "what was published can't be taken back",
        "twine uv uvx poetry hatch flit pdm",
        told(_PYTHON, "upload", "publish", "tool run twine upload", "twine upload", rehearsals={"--dry-run"}),
        "upload publish",
    ),
    _entry(
        "cargo-publish",
        "what was published can't be taken back",
        "cargo",
        _cargo,
        "publish yank owner",
    ),
    _entry(
        "kubectl-change",
        "it changes a cluster",
        "kubectl",
        told(
            _KUBECTL,
            "apply|delete|create|replace|patch|edit|scale|autoscale|set|drain|cordon|uncordon|taint|label",
            "annotate|expose|run",
            "rollout restart|undo|pause|resume",
            rehearsals={"--dry-run=client", "--dry-run=server"},
        ),
        "apply delete create replace patch edit scale autoscale set drain cordon uncordon taint label "
        "annotate expose run rollout",
    ),
    _entry(
        "helm-change",
        "it changes a cluster",
        "helm",
        told(
            _HELM,
            "install|upgrade|uninstall|delete|del|un|rollback",
            rehearsals={"--dry-run", "--dry-run=client", "--dry-run=server"},
        ),
        "install upgrade uninstall delete del un rollback",
    ),
    _entry(
        "terraform-apply",
        "it changes or removes what is running",
        "terraform tofu",
        told(NONE, "apply|destroy|import|taint|untaint|force-unlock", "state rm|mv|push"),
        "apply destroy import taint untaint force-unlock state",
    ),
    _entry(
        "docker-prune",
        "it removes what other work may need",
        "docker podman",
        told(
            _DOCKER,
            "system|volume|image|container|builder|buildx|network prune",
            "volume rm|remove",
            "system reset",
        ),
        "prune volume reset",
    ),
    _entry(
        "rm-outside",
        "it clears a folder outside of the sandbox",
        "rm",
        forbidden_rm.clears,
        "-[rR]* -[!-]*[rR]* --r*",
    ),
    _entry("root", "it acts with another user's rights", "sudo doas su pkexec run0", always, "*"),
    _entry("shutdown", "it stops the machine", "shutdown reboot poweroff halt", always, "*"),
    _entry(
        "systemctl-shutdown",
        "it stops the machine",
        "systemctl",
        told(_SYSTEMCTL, "poweroff|reboot|halt|kexec|suspend|hibernate|soft-reboot|emergency|rescue"),
        "poweroff reboot halt kexec suspend hibernate soft-reboot emergency rescue",
    ),
)
