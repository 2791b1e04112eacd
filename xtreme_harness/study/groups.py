"""By what a study's effects are grouped (`[report] by`): the groupings of every table and figure."""

from xtreme_harness.leaderboard.groups import GROUPINGS as GROUPINGS
from xtreme_harness.leaderboard.groups import grouped as grouped
