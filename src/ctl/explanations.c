/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "explanations.h"

#include <stddef.h>
#include <string.h>

const struct explanation explanations[] = {
    {"heap-buffer-overflow",
     "The program wrote, or was about to read or write, past the end of a block of memory.",
     "What lies behind the block belongs to something else. Whoever chooses the bytes may choose what "
     "happens next.",
     "A length that is not checked, a string without room for its final zero byte, an index one too large. "
     "The report says "
     "how large the block is and how far the access went."},
    {"heap-buffer-underflow",
     "The program wrote, or was about to read or write, in front of a block of memory.",
     "The same as past the end: what lies there belongs to something else.",
     "An index that became negative, a search backwards that does not stop at the first byte."},
    {"double-free", "The program freed the same block twice.",
     "Between the two, somebody else may have been given the block, who then loses it: two owners write to "
     "one memory.",
     "Two paths that both clean up, often one for errors; an object that was copied together with its "
     "pointer."},
    {"bad-free",
     "The program freed something that is not the start of a block: memory of another kind, or the inside of "
     "one.",
     "An allocator that believes such a pointer can be led to hand out memory of an attacker's choice.",
     "A pointer that was moved on before it is freed; memory from a library that wants it back by a function "
     "of its own."},
    {"write-after-free", "The program wrote to a block after it had freed it.",
     "The block may be somebody else's by then, and what was written becomes their data.",
     "A pointer kept somewhere after its object is gone: in a list, a callback, another thread. The write "
     "itself happened "
     "some time before it was found."},
    {"heap-use-after-free", "The program was about to read a block after it had freed it.",
     "It would have acted on data of whoever has the block now, or told them to somebody.",
     "A pointer kept somewhere after its object is gone; an iterator into a container that has been "
     "changed."},
    {"new-delete-type-mismatch",
     "The program freed a block in another way than it was made: new with free, new[] with delete, or with a "
     "wrong size.",
     "As a rule none by itself; but destructors do not run, or run for objects that are not there.",
     "The declared type of what is deleted: a base class without a virtual destructor, an array in a pointer "
     "for one. A "
     "program with two C++ runtimes looks like that too: check-new-delete = no for that program."},
    {"metadata-corruption", "The allocator found its own records damaged.",
     "They are out of reach of overflows, so something writes to memory at random, or to a place it was "
     "told.",
     "Wild pointers, in the program or in one of its libraries; faulty memory modules (memtest86+)."},
    {"out-of-memory",
     "The program has used up what memory it may have, or the system's, and the allocator cannot go on.",
     "None.", "Limits of the unit (MemoryMax=, LimitAS=), vm.max_map_count, a leak."},
    {NULL, NULL, NULL, NULL},
};

const struct explanation *explanation_of(const char *kind)
{
    for (const struct explanation *e = explanations; e->kind; e++)
        if (strcmp(e->kind, kind) == 0)
            return e;
    return NULL;
}
