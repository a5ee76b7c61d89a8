"""Exit codes of the command line, one for each family of errors, so that a script knows what to do next.

=====  ============  ==================================================================
code   family        what a script should do
=====  ============  ==================================================================
0      —             go on
1      broken        call an operator: stored facts contradict each other, or a fault
2      malformed     correct the input or the arguments
3      refused       do not retry; the answer is no (also: a verification failed)
4      missing       check the name; it does not exist here
5      conflict      read the current state, then decide
6      unavailable   try again later
130    —             interrupted by the keyboard
=====  ============  ==================================================================
"""

from typing import Final

from hub.errors import Broken, Conflict, HubError, Malformed, Missing, Refused, Unavailable

INTERRUPTED: Final = 130

EXIT_CODES: Final[dict[type[HubError], int]] = {
    Broken: 1,
    Malformed: 2,
    Refused: 3,
    Missing: 4,
    Conflict: 5,
    Unavailable: 6,
}


def exit_code_of(fault: HubError) -> int:
    """The exit code of the family that ``fault`` belongs to."""
    return next((code for family, code in EXIT_CODES.items() if isinstance(fault, family)), 1)
