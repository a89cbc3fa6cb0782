"""A teacher is asked along the course of a student, and what it answers is learned."""

import json

import numpy as np
import pytest

from passline.models.policies import Design, LearnedPolicy, feature_count
from passline.models.teacher import Lesson, lesson, teacher_of
from passline.models.training import train
from passline.models.training_plan import Plan, plan_of
from passline.plant_sim.envs.task import Targets
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts.episodes import play_episodes, task_of
from passline.plant_sim.rollouts.policy import load_policy

torch = pytest.importorskip("torch", reason="the extra [rl] is not installed")
pytest.importorskip("stable_baselines3", reason="the extra [rl] is not installed")

TABLE, MILL = "passline/RunOutTable-v0", "passline/FinishingMill-v0"
SMALL = {"lanes": 4, "pool": 8, "validation": 2, "evaluation": 2, "round": 1, "every": 12}
DESIGN = Design(TABLE, {}, "rules", bound=0.6, every=3, hidden=(8,))


def drawn(design, std=0.3):
    """Return weights that answer nearly anything."""
    task = task_of(design.env)
    actions = len(task.actions)
    count = feature_count(design, len(task.observations), actions)
    rng = np.random.default_rng(1)
    shapes = {"centre": (count,), "0.weight": (8, count), "0.bias": (8,)}
    shapes |= {"2.weight": (actions, 8), "2.bias": (actions,)}
    weights = {
        name: torch.from_numpy(rng.normal(0.0, std, shape).astype(np.float32))
        for name, shape in shapes.items()
    }
    return weights | {"scale": torch.ones(count)}


@pytest.fixture(scope="module")
def along():
    """A student's course, and the teacher that was asked along it."""
    teacher = teacher_of("mpc")
    return lesson(DESIGN, teacher, LearnedPolicy(DESIGN, drawn(DESIGN)), [3, 4], "nominal"), teacher


def test_without_a_student_the_teacher_plays_its_own_course():
    taken = lesson(DESIGN, teacher_of("mpc"), None, [5], "nominal")
    np.testing.assert_array_equal(taken.played, taken.taught)
    alone = play_episodes(load_policy("mpc"), TABLE, [5])[0]
    np.testing.assert_array_equal(taken.played[:, 0], alone.actions)


def test_a_teacher_knows_what_was_applied_instead_of_its_answer(along):
    taken, teacher = along
    assert not np.array_equal(taken.played, taken.taught)
    targets = Targets(task_of(TABLE).actions)
    stands = np.tile(targets.start, (2, 1))
    for step in taken.played:
        stands = targets.follow(step.astype(np.float64), stands)
    np.testing.assert_array_equal(teacher._values, stands)


def test_an_exercise_shows_what_the_student_saw(along):
    taken, _ = along
    answered = Lesson(
        taken.observations, taken.base, taken.played, taken.played, taken.lengths
    ).exercises(DESIGN)
    said = LearnedPolicy(DESIGN, drawn(DESIGN)).answer(answered[0])
    inside = np.abs(answered[1]) < 0.3  # elsewhere the action was cut at -1 or 1
    assert inside.sum() > 20
    np.testing.assert_allclose(said[inside], answered[1][inside], atol=1e-5)


def test_an_exercise_asks_for_the_mean_of_what_the_teacher_adds():
    shape = (7, 1, 1)
    taught = np.arange(7, dtype=np.float32).reshape(shape) / 10.0
    nothing = np.zeros(shape, np.float32)
    taken = Lesson(np.ones((7, 1, 5), np.float32), nothing, taught, nothing, np.array([6]))
    answers = taken.exercises(DESIGN)[1]  # a decision stands for 3 steps, the episode has 6
    np.testing.assert_allclose(answers[:, 0], [0.1 / 0.6, 0.4 / 0.6], rtol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"teacher": "nobody"}, "nobody"),
        ({"teacher": "oracle"}, "truth"),
        ({"teacher": "hold"}, "cannot be asked"),
        ({"teacher": "mpc", "algorithm": "sac"}, "use ppo"),
        ({"teacher": "mpc", "lessons": 2}, "lessons"),
    ],
)
def test_a_plan_refuses_a_teacher_that_cannot_teach(wrong, words):
    with pytest.raises(ConfigError, match=words):
        Plan(TABLE, **wrong)


def test_the_teacher_that_suits_is_asked_only_for_a_correction_of_level2_by_ppo():
    assert plan_of(MILL, base="level2").teacher == "mpc"
    assert plan_of(MILL, base="level2", teacher="").teacher == ""
    assert plan_of(MILL, base="hold").teacher == ""
    assert plan_of(MILL, base="level2", algorithm="sac").teacher == ""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_lessons_bring_the_student_near_to_the_teacher(tmp_path):
    rows = []
    made = Plan(MILL, base="level2", teacher="mpc", lessons=12, bound=1.0, steps=1, **SMALL)
    train(made, tmp_path / "t", rows.append)
    assert [row["round"] for row in rows] == [0, 1]
    taken = lesson(
        Design(MILL, {}, "level2", 1.0, 12), teacher_of("mpc"), None, [7, 8, 9], "nominal"
    )
    untrained = np.square(taken.exercises(Design(MILL, {}, "level2", 1.0, 12))[1]).mean()
    assert rows[0]["lesson loss"] < 0.5 * untrained
    # round 1 learns what is to be expected of the student, and leaves it as it is
    assert rows[1]["gain nominal"] == rows[0]["gain nominal"] != 0.0
    card = json.loads((tmp_path / "t" / "policy" / "card.json").read_text())
    assert card["plan"]["teacher"] == "mpc"
