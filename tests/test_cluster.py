"""Chunks on a Dask cluster: the answer is that of one process, whatever is lost on the way. One cluster for all tests."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from argparse import Namespace
from pathlib import Path

import distributed
import pytest
import stub_job
from distributed import Client, LocalCluster
from distributed.protocol.pickle import dumps

from moecalc import InputError
from moecalc.cli.jobs import Stopped, canonical, compute, job_of, planners
from moecalc.cli.jobs.package import identity
from moecalc.cli.jobs.running import run_job
from moecluster import driver, sent, worker

ROOT = Path(__file__).parent.parent
SITE_PACKAGES = Path(distributed.__file__).parent.parent
#: A worker of a Python that sees site-packages and a path, but nothing that is installed as editable.
WORKER = (
    "import sys; sys.path.append(sys.argv.pop(1)); from distributed.cli.dask_worker import main; "
    "main(sys.argv[1:] + ['--nthreads', '1', '--no-dashboard', '--no-nanny'])"
)
GRID = (
    "sweep step --model deepseek-v3 --gpu h800-sxm --pp 16 --dp 128 --global-batch 15360 "
    "--set ep=8:128:*2 --set schedule=1f1b,dualpipe --set hidden_size=7168:9216:512 --set n_group=8,3"
)


#: Searches of a planner, with so many of what they count in a chunk and more than so many in all.
PLANS = {
    "plan": (
        "plan --model llama-3.1-8b --gpu h100-sxm --gpu a100-sxm --num-gpus 64 --global-batch 256 --seq-len 8192 "
        "--limit schedule=1f1b --limit tp=1 --json",
        300,
        3000,
    ),
    "plan-serving": (
        "plan-serving --model llama-3.1-8b --gpu h100-sxm --gpu h20 --num-gpus 16 --input-tokens 2048 --output-tokens 512 "
        "--json",
        100,
        1000,
    ),
}


class Cluster:
    """Two workers that see what the tests see, one that lacks moecalc, and one that has another."""

    def __init__(self, folder: Path):
        self.folder = folder
        how = {"threads_per_worker": 1, "dashboard_address": ":0", "local_directory": folder / "local"}
        self.local = LocalCluster(n_workers=2, **how)
        self.address = self.local.scheduler_address
        (other := folder / "other" / "moecalc").mkdir(parents=True)
        (other / "__init__.py").write_text('__version__ = "0.0.9"\n')
        self.started = [self.worker("bare", ROOT / "tests"), self.worker("other", folder / "other")]
        self.client = Client(self.address)
        self.client.wait_for_workers(4, timeout=60)
        self.named = {one["name"]: address for address, one in self.client.scheduler_info(-1)["workers"].items()}

    def worker(self, name: str, path: Path):
        """A further worker, whose Python has a path beside site-packages."""
        command = [sys.executable, "-S", "-c", WORKER, str(SITE_PACKAGES), self.address, "--name", name]
        command += ["--local-directory", str(self.folder / name)]
        env = {**os.environ, "PYTHONPATH": str(path)}
        return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)

    def close(self):
        self.client.close()
        for process in self.started:
            process.terminate()
            process.wait(20)
        self.local.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def attentive(monkeypatch):
    monkeypatch.setattr(driver, "LOOK_S", 0.3)


def stub(log, **more):
    log.mkdir(exist_ok=True)
    return job_of("stub_job", stub_job.question(1000, log, **more))


def how(cluster, **given) -> Namespace:
    return Namespace(**{"processes": None, "dask": cluster.address, "folder": None, **given})


def pids(log) -> set:
    return {int(path.name.split("-")[1]) for path in log.iterdir() if path.name != "died"}


def test_the_rows_are_those_of_one_process(cluster, drivers, moecalc, tmp_path):
    files = tmp_path / "here.csv", tmp_path / "there.csv"
    assert moecalc(GRID, "--processes", 1, "--csv", files[0]).code == 0
    told = moecalc(GRID, "--dask", cluster.address, "--csv", files[1])
    assert told.code == 0 and files[0].read_bytes() == files[1].read_bytes()
    assert len(files[0].read_text().splitlines()) == 101


@pytest.mark.parametrize("kind", PLANS)
def test_a_search_is_that_of_one_process(kind, cluster, drivers, moecalc, tmp_path, monkeypatch):
    line, chunk, least = PLANS[kind]
    monkeypatch.setitem(planners.CHUNKS, kind, chunk)
    alone = moecalc(line, "--processes", 1).json
    assert alone["num_considered"] > least and alone["layouts"]
    for _ in range(2):  # the second time from the folder alone
        there = moecalc(line, "--dask", cluster.address, "--folder", tmp_path / "kept").json
        assert json.dumps({**there, "took_s": 0}) == json.dumps({**alone, "took_s": 0})


def test_a_worker_that_lacks_the_package_gets_it_and_another_version_is_left_alone(cluster, tmp_path):
    said = []
    job = stub(tmp_path / "log", num_chunks=60, sleep_s=0.02)
    parts = dict(driver.results(job, iter(range(60)), cluster.address, None, said.append))
    assert parts == {chunk: compute(*job[:1], canonical(job.question), chunk, 60) for chunk in range(60)}
    (sentence,) = [one for one in said if "not used" in one]
    assert cluster.named["other"] in sentence and "moecalc 0.0.9 in" in sentence
    processes = cluster.client.run(os.getpid)
    used = pids(tmp_path / "log") - {os.getpid()}
    assert processes[cluster.named["bare"]] in used and processes[cluster.named["other"]] not in used

    def places():
        import moecalc

        return moecalc.__file__, moecalc.__version__, sorted(name for name in sys.modules if name.startswith("moecluster"))

    found = cluster.client.run(sent.ByValue(places), workers=[cluster.named["bare"]])[cluster.named["bare"]]
    assert Path(found[0]).is_relative_to(cluster.folder / "bare") and found[2] == []
    assert (Path(found[0]).parent / "data" / "models" / "deepseek-v3.json").exists()


def test_other_sources_take_the_place_of_those_that_were_sent_before(cluster, tmp_path, monkeypatch):
    """As between two versions of one's own: the worker need not be started anew."""
    changed = tmp_path / "changed"
    with zipfile.ZipFile(io.BytesIO(driver.archive())) as zipped:
        zipped.extractall(changed)
    init = changed / "moecalc" / "__init__.py"
    init.write_text(init.read_text().replace("__version__ =", '__version__ = "9.9"  #'))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        for path in (changed / "moecalc").rglob("*"):
            zipped.write(path, path.relative_to(changed))
    code = "import json; from moecalc.cli.jobs.package import identity; print(json.dumps(identity()))"
    command = [sys.executable, "-S", "-c", code]
    other = json.loads(subprocess.run(command, env={"PYTHONPATH": str(changed)}, stdout=subprocess.PIPE, check=True).stdout)
    assert other["moecalc"] == "9.9" and other["sources"] != identity()["sources"]
    pid = cluster.client.run(os.getpid)[cluster.named["bare"]]
    with monkeypatch.context() as patch:
        patch.setattr(driver, "archive", packed.getvalue)
        patch.setattr(driver, "identity", lambda: other)
        assert len(list(driver.results(stub(tmp_path / "other"), iter(range(20)), cluster.address, None, print))) == 20
    assert pids(tmp_path / "other") == {pid}
    job = stub(tmp_path / "own", num_chunks=60, sleep_s=0.02)
    assert len(list(driver.results(job, iter(range(60)), cluster.address, None, print))) == 60
    assert pid in pids(tmp_path / "own")


def test_no_more_than_a_window_of_tasks_is_under_way(cluster, tmp_path):
    seen = []
    for _ in driver.results(stub(tmp_path / "log", num_chunks=200), iter(range(200)), cluster.address, None, print):
        seen.append(len(cluster.local.scheduler.tasks))
    assert len(seen) == 200 and 0 < max(seen) <= driver.WINDOW * 3 + 1


def test_a_task_is_as_many_chunks_as_keep_its_cost_small():
    assert driver.task_size(2, 0.1, 10_000) == 5 and driver.task_size(2, 2.0, 10_000) == 1
    assert driver.task_size(1000, 0.1, 10**6) == 50  # 5 s: so many threads ask less often
    assert driver.task_size(2, 1e-5, 80) == 10 and driver.task_size(2, 1e-5, 3) == 1  # towards the end


def test_a_killed_worker_costs_nothing_but_time(cluster, drivers, tmp_path, capsys):
    job = stub(tmp_path / "log", num_chunks=40, sleep_s=0.05, dies_at=11)
    assert run_job(job, how(cluster)) == (499_500, 1000)
    assert set(stub_job.computed(tmp_path / "log")) == set(range(40))
    assert re.search(r"1 workers were lost, such as tcp:\S+; their chunks are computed again", capsys.readouterr().err)


def test_a_killed_driver_is_gone_on_with_and_computes_only_what_is_missing(cluster, drivers, moecalc, tmp_path):
    kept, out = tmp_path / "kept", tmp_path / "rows.csv"
    line = f"{GRID} --csv {out} --folder {kept} --dask {cluster.address}"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(drivers)])}
    process = subprocess.Popen([sys.executable, "-m", "moecalc", *line.split()], env=env, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while len(list(kept.glob("chunk-*.json"))) < 5 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL and not out.exists(), process.stderr.read()
    before = {path.name: path.stat().st_mtime_ns for path in kept.glob("chunk-*.json")}
    told = moecalc(line)
    assert told.code == 0, told.err
    after = {path.name: path.stat().st_mtime_ns for path in kept.glob("chunk-*.json")}
    assert 5 <= len(before) < len(after) == 64 and {name: after[name] for name in before} == before
    assert f"{len(before)} of 64 chunks were finished before" in told.err
    assert moecalc(GRID, "--processes", 1, "--csv", tmp_path / "alone.csv").code == 0
    assert out.read_bytes() == (tmp_path / "alone.csv").read_bytes()


def test_a_lost_scheduler_says_how_much_is_kept_where(drivers, tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "TASK_S", 0)
    small = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0")
    kept, job = tmp_path / "kept", stub(tmp_path / "log", num_chunks=500, sleep_s=0.02)

    def close():
        while len(list(kept.glob("chunk-*.json"))) < 3:
            time.sleep(0.01)
        small.close()

    thread = threading.Thread(target=close)
    thread.start()
    with pytest.raises(InputError, match=r"the scheduler at \S+ was lost .*; \d+ of 500 chunks are kept in") as caught:
        run_job(job, how(cluster=Namespace(address=small.scheduler_address), folder=str(kept)))
    thread.join()
    assert f"; {len(list(kept.glob('chunk-*.json')))} of 500" in str(caught.value)


def test_where_no_worker_can_be_used_a_sentence_says_why(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "identity", lambda: {**identity(), "sources": "0123"})
    with pytest.raises(Stopped, match="none of the cluster's . workers can be used: .* because it has (sources|moecalc) "):
        list(driver.results(stub(tmp_path / "log"), iter(range(20)), cluster.address, None, print))
    assert stub_job.computed(tmp_path / "log") == []


def test_a_chunk_that_fails_is_named(cluster, tmp_path):
    job = job_of("stub_job", {**stub_job.question(1000, tmp_path / "nosuch"), "sleep_s": "x"})
    with pytest.raises(Stopped, match=r"chunk \d+ failed, TypeError"):
        list(driver.results(job, iter(range(20)), cluster.address, None, print))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "127.0.0.1", "http://127.0.0.1:80"])
def test_where_no_scheduler_answers_a_sentence_says_so(address, drivers, moecalc, monkeypatch):
    assert driver.TIMEOUT_S == 10
    monkeypatch.setattr(driver, "TIMEOUT_S", 1)
    told = moecalc(GRID, "--dask", address)
    assert (told.code, told.out) == (2, "") and f"no scheduler answers at '{address}'" in told.err


def test_a_cluster_of_this_machine_is_started_and_ended(drivers, moecalc):
    line = "sweep params --model deepseek-v3 --set hidden_size=4096:8192:512 --json"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(drivers)])}
    command = [sys.executable, "-m", "moecalc", *line.split(), "--dask", "local", "--processes", "1"]
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=100)
    assert run.returncode == 0 and not [line for line in run.stderr.splitlines() if not line.startswith("moecalc: ")]
    assert json.loads(run.stdout)["rows"] == moecalc(line).json["rows"]


def test_what_travels_names_no_module_that_workers_lack():
    for thing in (sent.ByValue(worker.compute), sent.Package(b"", {}, "x"), sent.WhyNot()):
        text = dumps(thing)
        assert b"moecluster.sent" not in text
        code = "import pickle, sys; pickle.loads(sys.stdin.buffer.read()); print([m for m in sys.modules if 'moecl' in m])"
        alone = [sys.executable, "-S", "-c", f"import sys; sys.path.append({str(SITE_PACKAGES)!r}); {code}"]
        assert subprocess.run(alone, input=text, capture_output=True, check=True, env={}).stdout == b"[]\n"


def test_a_worker_that_joins_late_and_is_not_to_be_used_sends_its_chunks_back(cluster, tmp_path, monkeypatch):
    asked = []

    def ask_why(self, addresses):  # the first time, as if it had not been there
        asked.append(len(addresses))
        if len(asked) > 1:
            real(self, addresses)

    real = driver.Run.ask_why
    monkeypatch.setattr(driver.Run, "ask_why", ask_why)
    monkeypatch.setattr(driver, "LOOK_S", 60)
    said, job = [], stub(tmp_path / "log", num_chunks=60, sleep_s=0.05)
    parts = dict(driver.results(job, iter(range(60)), cluster.address, None, said.append))
    assert sorted(parts) == list(range(60)) and None not in parts.values()
    assert stub_job.computed(tmp_path / "log") == list(range(60))
    assert len(asked) > 1 and cluster.named["other"] in "".join(said)
