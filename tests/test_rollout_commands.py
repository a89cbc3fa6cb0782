"""What a person and a program get from the commands on rollouts, on episodes that were played."""

import json
import re
import shutil

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import passline.plant_sim  # noqa: F401  registers the environments
from passline.agents.cli import app, main
from passline.agents.commands.screen import number
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts import Job, run_job
from passline.plant_sim.rollouts.commands import rollout
from passline.plant_sim.rollouts.evaluate import evaluate
from passline.plant_sim.rollouts.progress import progress
from passline.plant_sim.rollouts.report import render
from passline.plant_sim.rollouts.report_plots import Bar, Both, forest

ENV = "passline/RunOutTable-v0"
RUN = CliRunner()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two seats on three seeds of two days, a unit a day."""
    place = tmp_path_factory.mktemp("seats") / "table"
    rollout(place, ("hold", "rules"), ("nominal", "disturbed"), 3, env=ENV, progress=False)
    return place


@pytest.fixture
def copy(folder, tmp_path):
    """The same folder, to be spoilt."""
    return shutil.copytree(folder, tmp_path / "copy")


def changed(place, change):
    """Change the manifest of a job."""
    path = place / "manifest.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def mistake(capsys, *words):
    """Return the one line that a mistake leaves on standard error."""
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    told = capsys.readouterr()
    assert left.value.code == 2
    assert told.out == ""
    assert told.err.startswith("passline: ")
    assert told.err.count("\n") == 1
    return told.err


def test_a_rollout_with_one_seat_that_is_not_there_plays_nobody(tmp_path):
    with pytest.raises(ConfigError, match="'typo' is not known"):
        rollout(tmp_path, ("hold", "typo"), "nominal", 1, env=ENV, progress=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("first", "episodes"), [(0, 10**12), (2**32 - 1, 2), (10**20, 1), (-1, 3), (0, 0)]
)
@pytest.mark.parametrize("env", [None, ENV])
def test_seeds_that_no_plant_takes_are_refused_before_they_are_counted(
    first, episodes, env, tmp_path
):
    with pytest.raises(ConfigError, match=r"an episode|episodes from seed"):
        rollout(tmp_path, ("hold",), "nominal", episodes, first, env=env, progress=False)
    assert list(tmp_path.iterdir()) == []


def test_evaluate_says_that_a_job_was_not_played_to_its_end(copy):
    assert evaluate(copy)["notes"] == []
    changed(copy / "rules", lambda data: data["units"].pop("1"))
    (note,) = evaluate(copy)["notes"]
    assert "rules has 3 of 6 episodes" in note
    assert f"passline resume {copy}" in note
    assert note in RUN.invoke(app, ["evaluate", str(copy)]).stdout


def test_evaluate_says_that_jobs_were_played_on_unlike_plants(copy, tmp_path):
    changed(copy / "hold", lambda data: data.update(code="0" * 64))
    (note,) = evaluate(copy)["notes"]
    assert "000000000000: hold" in note
    assert "are not the seats' alone" in note
    html = tmp_path / "report.html"
    RUN.invoke(app, ["evaluate", str(copy), "--html", str(html)])
    assert "are not the seats&#x27; alone" in html.read_text(encoding="utf-8")


def test_evaluate_says_that_one_name_is_two_seats(copy):
    shutil.copytree(copy / "rules", copy / "again")
    assert evaluate(copy)["notes"] == []
    changed(copy / "again", lambda data: data.update(seat="rules of another version"))
    (note,) = evaluate(copy)["notes"]
    assert "rules is two seats" in note


def test_evaluate_refuses_a_seat_that_nobody_played(folder, capsys):
    for option in ("--baseline", "--reference", "--oracle"):
        told = mistake(capsys, "evaluate", folder, option, "typo")
        assert "nobody played 'typo'" in told
        assert "hold, rules" in told


def test_two_oracles_make_no_score_until_one_is_named(copy):
    for name, spec in (("one", "oracle:budget=4"), ("two", "oracle:budget=9")):
        shutil.copytree(copy / "rules", copy / name)
        changed(copy / name, lambda data, spec=spec: data["job"].update(seat=spec))
    (facts,) = evaluate(copy, reference="hold")["environments"]
    assert any("oracle:budget=4, oracle:budget=9" in note for note in facts["notes"])
    (facts,) = evaluate(copy, reference="hold", oracle="oracle:budget=9")["environments"]
    assert facts["score"]
    assert facts["notes"] == []
    words = ["evaluate", str(copy), "--reference", "hold", "--oracle", "oracle:budget=9", "--json"]
    told = json.loads(RUN.invoke(app, words).stdout)["evaluation"]["environments"][0]
    assert told["oracle"] == "oracle:budget=9"


def test_a_model_at_the_desk_of_an_environment_can_be_the_baseline(copy):
    spec = "desk:passline.models.decisions:seat_from_spec:lm"
    changed(copy / "hold", lambda data: data["job"].update(seat=spec))
    result = RUN.invoke(app, ["evaluate", str(copy), "--baseline", "desk:lm", "--json"])
    assert json.loads(result.stdout)["evaluation"]["baseline"] == spec


def test_a_folder_of_both_kinds_of_job_tells_of_both(copy):
    run_job(Job("hold", "nominal", (0,), coils=1), copy / "desk", "inline", progress=False)
    result = RUN.invoke(app, ["resume", str(copy)])
    assert "mean return EUR" in result.stdout
    assert "EUR/coil" in result.stdout


def test_a_job_of_which_nothing_was_played_is_shown_without_numbers(copy, tmp_path):
    rollout(tmp_path / "desk", ("hold",), "nominal", 1, coils=1, progress=False)
    for place in (tmp_path / "desk/hold", copy / "hold", copy / "rules"):
        changed(place, lambda data: data["units"].clear())
    for place in (tmp_path / "desk", copy):
        shown = RUN.invoke(app, ["evaluate", str(place)]).stdout
        assert "nan" not in shown
        assert "hold has 0 of" in shown
        assert "the seats here are \n" not in shown


@pytest.mark.parametrize("target", ["missing/report.html", "copy", "copy/hold/manifest.json/x"])
def test_a_report_that_cannot_be_written_is_one_line(target, copy, tmp_path, capsys):
    assert target.split("/")[0] in mistake(capsys, "evaluate", copy, "--html", tmp_path / target)


def test_a_file_where_a_folder_should_be_is_one_line(tmp_path, capsys):
    file = tmp_path / "notes.txt"
    file.write_text("no folder")
    play = ("--env", ENV, "--scenario", "nominal")
    for words in (
        ("rollout", file, "--seat", "hold", "--episodes", 1, *play),
        ("collect", file, "--recipe", "tiny", *play),
    ):
        with pytest.raises(SystemExit):
            main([str(word) for word in words])
        told = capsys.readouterr().err
        assert f"passline: {file}" in told
        assert "Traceback" not in told


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-14860.4, "-14860"), (-1486.04, "-1486"), (148.604, "148.6"), (0.00012, "0.00012"),
        (1e18, "1e+18"), (999.99, "1000"), (0.0, "0"),
    ],
)  # fmt: skip
def test_money_is_shown_without_an_exponent(value, shown):
    assert number(value) == shown


LONG = "passline.models.policies:load:runs/mill/a-policy-with-a-long-name/policy"


def test_a_bar_shows_how_far_it_is_beside_a_long_name(capsys):
    with progress("units") as bar:
        bar.update(bar.add_task(f"{LONG} in {ENV} on nominal, disturbed", total=7), completed=7)
    shown = capsys.readouterr().err
    assert "7/7 units" in shown
    assert "passline.models.policies:load" in shown


def test_a_long_name_leaves_the_scenario_of_a_plot_readable():
    plot = forest([Bar("disturbed", LONG, 0, 1.0, 0.5, 2.0)], Both("a", "b"), Both("EUR", "EUR"))
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", plot)
    assert "disturbed" in shown
    (name,) = (text for text in shown if text.endswith("long-name/policy"))
    assert len(name) <= 32
    assert f"<title>{LONG}</title>" in plot


def test_the_bound_of_harm_in_every_episode_is_a_hundred_percent(copy):
    for place in copy.iterdir():
        for file in place.glob("episodes/*.parquet"):
            table = pq.read_table(file)
            column = table.schema.get_field_index("harm")
            pq.write_table(table.set_column(column, "harm", [[1.5] * len(table)]), file)
    page = render(evaluate(copy))
    assert "e+" not in page
    assert '<td class="n">100 %</td>' in page
