"""Play every legal move from one state of the line and see what each would cost."""

from passline.plant_sim import make_line
from passline.plant_sim.controls import legal_moves
from passline.plant_sim.lines.hot_strip.control_table import offer
from passline.plant_sim.rollouts import branch

line = make_line("hot-strip", seed=3, scenario="dead-bank")
line.advance(900.0)  # s of plant time: some coils, and the fault may have come
moves = legal_moves(line.controls, line.read(), offer)
table = branch(line.save(), moves, seeds=range(4), horizon=180.0)
against_hold = table.mean - table.mean[0]  # EUR; the first move is to hold
print(
    f"{len(moves)} legal moves, each played 180 s on 4 futures; hold costs {table.mean[0]:.0f} EUR"
)
for index in against_hold.argsort()[:5]:
    move = table.candidates[index]
    print(f"{move.control:24} {move.label:5} {against_hold[index]:+8.0f} EUR")
