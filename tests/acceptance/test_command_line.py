"""The door, as a user meets it: what is refused, how fast and in how many words; what is found again; what is added."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

from faceswap_lab import __version__
from tests.acceptance.program import TINY, Program

pytestmark = pytest.mark.acceptance

DRIVER = """
import contextlib, io, json, sys
from faceswap_lab.__main__ import main
for args in json.loads(sys.stdin.read()):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(args)
    print(json.dumps([code, out.getvalue(), err.getvalue(), "torch" in sys.modules]))
"""
REFUSED: Mapping[tuple[str, ...], Sequence[str]] = {
    ("seeed=1",): ["'seeed'", "'seed'"],
    ("seed=one",): ["seed='one'", "a whole number"],
    ("optimizer.lr=-1",): ["optimizer.lr=-1", "> 0", "learning rate"],
    ("encoders=too",): ["encoders=too", "'two'", "one, two"],
    ("experiment=joint",): ["+experiment=joint"],
    ("+experiment=jiont",): ["experiment=jiont", "'joint'"],
    ("update_order=joint",): ["update_order=joint", "optimizer_state=shared"],
    ("data=folders",): ["data.a", "missing", "data.a=…"],
    ("data=folders", "data.a=/no/a", "data.b=/no/b"): ["/no/", "does not exist"],
    ("data.identity_a=adda",): ["data.identity_a=adda", "'ada'", "random-<seed>"],
    ("data.identities=[ada,ben,cleeo]",): ["data.identities=[ada,ben,cleeo]", "'cleo'"],
    ("augmentation.photometric=[{name: Bluur}]",): ["augmentation.photometric", "Bluur", "RandomGamma"],
    ("-m", "seed=0,1,two"): ["seed='two'"],
    ("-m", "encoders=one,three"): ["encoders=three", "one, two"],
    ("seed=0,1",): ["seed=0,1", "with -m"],
    ("seed=[1",): ["[1"],
    ("seed=${nobody}",): ["nobody", "seed"],
    ("seed=${seed}",): ["seed", "ecursive"],
    ("encoders={count: 2}",): ["encoders"],
    ("model=3",): ["model=3", "a group of settings"],
    ("~seed",): ["seed: a value is missing"],
    ("seed",): ["'seed'", "key=value"],
    ("shwo", "x"): ["'shwo'", "'show'"],
    ("show",): ["show RUN_FOLDER", "got 0"],
    ("show", "a", "b"): ["expected 1", "got 2"],
    ("diff", "a"): ["expected 2", "diff RUN_FOLDER RUN_FOLDER"],
    ("--multrun", "seed=1"): ["--multrun", "'--multirun'"],
    ("--cfg", "jobs"): ["jobs", "'job'"],
    ("--config-dir", "/no/such"): ["/no/such", "no such folder"],
}
SAID_BY_HYDRA = [("seed=${nobody}",), ("seed=${seed}",)]


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"COLUMNS": "80"} | more


def python(*args: str, cwd: Path, stdin: str = "") -> tuple[subprocess.CompletedProcess[str], float]:
    """Run Python and return what it said, and its seconds of processor time: the wall clock of a busy machine lies."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(
        [sys.executable, *args], cwd=cwd, env=environment(), input=stdin, capture_output=True, text=True, timeout=120
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_what_is_refused_is_refused_in_one_message_without_torch_and_leaves_nothing(tmp_path: Path):
    ended, _ = python("-c", DRIVER, cwd=tmp_path, stdin=json.dumps(list(REFUSED)))
    assert ended.returncode == 0, ended.stderr
    for (args, told), line in zip(REFUSED.items(), ended.stdout.splitlines(), strict=True):
        code, out, err, torch_loaded = json.loads(line)
        assert (code, out, torch_loaded) == (2, "", False), (args, out, err)
        assert err.startswith("faceswap_lab: "), args
        assert err.count("\n") == 1, (args, err)
        assert not [part for part in told if part not in err], (args, err)
        assert ("HYDRA_FULL_ERROR" in err) == (args in SAID_BY_HYDRA), (args, err)
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_strangers_groups_run_no_code(tmp_path: Path):
    (tmp_path / "own" / "loss").mkdir(parents=True)
    (tmp_path / "own" / "experiment").mkdir()
    evil = f"touch {tmp_path / 'ran'}"
    targets = {"_target_": "os.system", "command": evil}
    (tmp_path / "own" / "loss" / "evil.yaml").write_text(yaml.safe_dump({"name": "mae", **targets}))
    args = [["--config-dir", str(tmp_path / "own"), "loss=evil"]]
    ended, _ = python("-c", DRIVER, cwd=tmp_path, stdin=json.dumps(args))
    (tmp_path / "own" / "loss" / "evil.yaml").unlink()
    callbacks = {"hydra": {"callbacks": {"evil": targets}}}
    (tmp_path / "own" / "experiment" / "evil.yaml").write_text(f"# @package _global_\n{yaml.safe_dump(callbacks)}")
    again, _ = python("-c", DRIVER, cwd=tmp_path, stdin=json.dumps([["--config-dir", "own", "+experiment=evil"]]))
    for line in (ended.stdout, again.stdout):
        code, _, err, _ = json.loads(line)
        assert code == 2
        assert "evil.yaml" in err
    assert not (tmp_path / "ran").exists()


def test_what_hydra_cannot_compose_is_refused_without_a_traceback(tmp_path: Path):
    texts = {
        "list": "defaults: foo\n",
        "twice": "seed: 1\nseed: 2\n",
        "group": "defaults:\n  - override /losss: mse\n",
        "option": "defaults:\n  - override /loss: msee\n",
        "key": "loss:\n  weigth_a: 0.5\n",
        "package": "# @package a b c\n",
    }
    (tmp_path / "experiment").mkdir()
    for name, text in texts.items():
        (tmp_path / "experiment" / f"{name}.yaml").write_text(f"# @package _global_\n{text}")
    args = [["--config-dir", str(tmp_path), f"+experiment={name}"] for name in texts]
    ended, _ = python("-c", DRIVER, cwd=tmp_path, stdin=json.dumps(args))
    for name, line in zip(texts, ended.stdout.splitlines(), strict=True):
        code, out, err, _ = json.loads(line)
        assert (code, out, err.count("\n")) == (2, "", 1), (name, out, err)
    assert "'weight_a'" in ended.stdout


def test_no_takes_less_than_three_seconds_and_help_less_than_two(tmp_path: Path):
    refused, seconds = python("-m", "faceswap_lab", "update_order=joint", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert seconds < 3
    helped, seconds = python("-m", "faceswap_lab", "--help", cwd=tmp_path)
    assert helped.returncode == 0
    assert seconds < 2
    assert max(map(len, helped.stdout.splitlines())) <= 80
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [(), ("show", "x"), ("faces", "x", "--out", "y")])
def test_a_python_without_the_dependencies_says_which_one_it_is(tmp_path: Path, words: tuple[str, ...]):
    ended = subprocess.run(
        [sys.executable, "-S", "-m", "faceswap_lab", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert ended.returncode == 1
    assert f"is not installed for {sys.executable}. Activate the environment" in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


def test_hydras_questions_are_answered(tmp_path: Path):
    args = [["--version"], ["--cfg", "job", "seed=7"], ["--info", "defaults"]]
    args += [["+study=optimizer_choice", "--cfg", "job"], ["+study=smoke", "scale=smoke,quick", "--cfg", "job"]]
    ended, _ = python("-c", DRIVER, cwd=tmp_path, stdin=json.dumps(args))
    version, job, defaults, tuned, axis = (json.loads(line) for line in ended.stdout.splitlines())
    assert version == [0, f"faceswap_lab {__version__}\n", "", False]
    assert (job[0], yaml.safe_load(job[1])["seed"]) == (0, 7)
    assert (defaults[0], "decoder_activation/sigmoid" in defaults[1]) == (0, True)
    assert (tuned[0], yaml.safe_load(tuned[1])["study"]["name"]) == (0, "optimizer_choice")
    assert (axis[0], "Give one value" in axis[2]) == (2, True)
    assert not [path for path in tmp_path.rglob("*.json") if path.name != "config.json"], "nothing is declared"


def test_the_same_command_again_returns_at_once_and_force_starts_beside_it(program: Program):
    first = program.run("training.max_steps=4")
    assert first.code == 0
    folder = program.folder
    made = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != ".lock"}
    again = program.run("training.max_steps=4", "progress=false", "trainer.workers=1", "name=other")
    assert (again.code, f"This run is finished already: {folder}" in again.out) == (0, True)
    table = first.out.partition("the swap against the truth")[2]
    assert table
    assert table in again.out
    assert {path: path.stat().st_mtime_ns for path in made} == made
    forced = program.run("training.max_steps=4", "force=true")
    assert forced.code == 0
    assert sorted(path.name for path in program.runs.iterdir() if path.is_dir()) == [folder.name, f"{folder.name}.2"]
    assert {path: path.stat().st_mtime_ns for path in made} == made


def test_a_refused_cell_stops_no_other_and_the_worst_code_is_the_sweeps(program: Program):
    ended = program.run("-m", "update_order=joint,b_then_a", "training.max_steps=4", "name=null")
    assert ended.code == 2
    assert "1 finished, 1 refused" in ended.out
    assert "Add optimizer_state=shared" in ended.err
    runs = [path.name for path in program.runs.iterdir() if (path / "result.json").is_file()]
    assert len(runs) == 1
    assert "b_then_a" in runs[0]


def add_variants() -> None:
    """Do what someone does who adds an activation and an update order: one function each, under a name."""
    from faceswap_lab.models.activations import HIDDEN
    from faceswap_lab.orders import ORDERS, Choice, Update

    class Mish(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * torch.tanh(nn.functional.softplus(x))

    def b_twice(step):
        a, b = step.all()
        for portion in (b, a, b):
            yield Update((portion,))

    HIDDEN["mish"] = lambda slope: Mish()
    ORDERS["b_twice"] = Choice(b_twice)


@pytest.mark.parametrize(
    ("group", "text", "told"),
    [
        ("update_order", "block: null\n", ["faceswap_lab/orders.py", "a_then_b, b_then_a", "ORDERS"]),
        ("encoder_activation", "slope: null\n", ["models/activations.py", "leaky_relu", "HIDDEN"]),
        ("decoder_activation", "", ["models/activations.py", "sigmoid", "OUTPUT"]),
        ("initialisation", "", ["models/initialisation.py", "glorot", "INITIALISATIONS"]),
        ("optimizer", "lr: 1\nbeta1: 0\nbeta2: 0\neps: 1\n", ["training/step/optimizers.py", "adam", "OPTIMIZERS"]),
        ("optimizer_state", "", ["training/step/optimizers.py", "keras_2018", "STATES"]),
        ("loss", "mask_weight: 0\nweight_a: 1\nweight_b: 1\n", ["training/step/losses.py", "mae", "LOSSES"]),
        ("colour_match", "", ["none, mean_a_to_b"]),
        ("value_range", "", ["unit, signed"]),
        ("data", "", ["twins, people, folders"]),
    ],
)
def test_a_yaml_without_its_function_is_refused(program: Program, group: str, text: str, told: list[str]):
    own = program.place / "own" / group
    own.mkdir(parents=True)
    (own / "foo.yaml").write_text(f"name: foo\n{text}")
    state = () if group == "optimizer_state" else ("optimizer_state=shared",)
    data = () if group == "data" else program.data
    where = (f"runs_dir={program.runs}", f"cache_dir={program.cache}")
    ended = program.start_with("--config-dir", "own", *data, *where, *state, f"{group}=foo").ended()
    assert ended.code == 2, ended.err
    assert f"{group}=foo: no" in ended.err.replace(".name=", "=")
    assert not [part for part in told if part not in ended.err], ended.err
    assert not program.runs.exists()


def test_a_variant_is_one_function_and_one_yaml(program: Program):
    own = program.place / "own"
    for group, name, text in (
        ("encoder_activation", "mish", "# Mish (Misra 2019, arXiv 1908.08681).\nname: mish\nslope: null\n"),
        ("update_order", "b_twice", "# B, A, and B once more.\nname: b_twice\nblock: null\n"),
    ):
        (own / group).mkdir(parents=True)
        (own / group / f"{name}.yaml").write_text(text)
    chosen = ("encoder_activation=mish", "update_order=b_twice", "training.max_steps=4")
    ended = program.run("--config-dir", str(own), *chosen, before=[add_variants])
    assert ended.code == 0, ended.err
    config = yaml.safe_load((program.folder / "config.yaml").read_text())
    assert (config["encoder_activation"]["name"], config["update_order"]["name"]) == ("mish", "b_twice")
    helped = program.start_with("--config-dir", str(own), "--help").ended()
    assert "mish" in helped.out
    assert "b_twice" in helped.out


def leave_no_room() -> None:
    from faceswap_lab.data import sampler_choice

    sampler_choice.free_bytes = lambda device: 1000


def test_faces_that_the_device_has_no_room_for_end_the_run_in_a_sentence(program: Program):
    ended = program.run("data.sampler=device", before=[leave_no_room])
    assert ended.code == 1
    for part in (
        "data.sampler=device: the faces of all sides need",
        "1,000 (0.0 GiB) are free",
        "Use data.sampler=cv2",
    ):
        assert part in ended.err
    assert "Traceback" not in ended.err
    again = program.run("data.sampler=cv2", "training.max_steps=60")  # the very same run
    assert again.code == 0, again.err


def speak_ascii() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="ascii", errors="strict")  # type: ignore[union-attr]


def test_a_terminal_without_arrows_ends_no_command(program: Program):
    ended = program.start_with(
        *("-m", "seed=0,1", "training.max_steps=4", "scale=smoke", "progress=false", *program.data),
        *(f"runs_dir={program.runs}", f"cache_dir={program.cache}"),
        before=[speak_ascii],
    ).ended()
    assert ended.code == 0, ended.err
    assert "A>B" in ended.out
    again = program.start_with("show", str(next(program.runs.glob("*/result.json")).parent), before=[speak_ascii])
    assert again.ended().code == 0, again.err


def test_paths_need_no_quotes_and_the_run_none_in_its_name(program: Program):
    program.runs = program.place / "50% of a=b, #1 (ä)"
    ended = program.run("training.max_steps=4", "name=null")
    assert ended.code == 0, ended.err
    (folder,) = [path for path in program.runs.iterdir() if path.is_dir()]
    assert (folder / "result.json").is_file()
    assert "'" not in folder.name


@pytest.mark.parametrize("sweep", [(), ("-m",)])
@pytest.mark.parametrize(("place", "told"), [("file", "a file stands where"), ("/proc/x", "none can be made there")])
def test_a_runs_folder_that_cannot_be_is_named(program: Program, place: str, told: str, sweep: tuple[str, ...]):
    (program.place / "file").touch()
    ended = program.start_with(*TINY, *program.data, f"cache_dir={program.cache}", f"runs_dir={place}", *sweep).ended()
    assert ended.code == 1
    assert "Traceback" not in ended.err
    assert told in ended.err
    assert "runs_dir" in ended.err


def test_hydras_debugging_is_heard(program: Program):
    ended = program.run("training.max_steps=4", "hydra.verbose=true")
    assert ended.code == 0, ended.err
    assert "[HYDRA]" in ended.out
    assert "[HYDRA]" not in program.run("training.max_steps=4").out


def test_the_programs_name_is_known_to_hydra(program: Program):
    ended = program.start_with("--cfg", "hydra").ended()
    assert yaml.safe_load(ended.out)["hydra"]["job"]["name"] == "faceswap_lab"


def test_params_of_a_sweep_may_be_typed(program: Program):
    ended = program.run("-m", "+hydra.sweeper.params={seed:'0,1'}", "training.max_steps=4")
    assert ended.code == 0, ended.err
    assert "2 cells: 2 finished" in ended.out


def type_half_a_word() -> None:
    os.environ["COMP_LINE"] = "faceswap-lab update_order=b"


def test_a_shell_completes_what_is_typed(program: Program):
    said = program.start_with("-sc", "query=bash", before=[type_half_a_word]).ended()
    assert (said.code, said.out.split()) == (0, ["update_order=b_then_a"])
    assert "complete -o nospace" in program.start_with("--shell-completion", "install=bash").ended().out
