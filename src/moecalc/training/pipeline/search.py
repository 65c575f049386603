"""The shortest schedule of operations on a few streams, by branch and bound."""

#: Two lengths that differ by less, as a share, count as equal: a search for less is a search for rounding.
CLOSE = 1e-12


def shortest(plan, lengths, tails, known: float) -> dict | None:
    """Start of each operation in a schedule shorter than `known`, the shortest there is; None if none is shorter.

    `plan` lists operations with ``stream`` and ``needs``, `lengths` are their durations, `tails` their longest paths to
    the end, all in one unit. Only active schedules are built, where nothing can start earlier without delaying another
    (Giffler and Thompson): one of them is the shortest. Of two ways to run the same operations, one that is nowhere
    earlier is given up.
    """
    streams = list(dict.fromkeys(node.stream for node in plan))
    stream_of = [streams.index(node.stream) for node in plan]
    needs = [node.needs for node in plan]
    needed_by = [[other for other, own in enumerate(needs) if number in own] for number in range(len(plan))]
    everything = (1 << len(plan)) - 1
    best, found = known, None
    seen = {}

    def bound(free, head, done):
        """No schedule that goes on from here is shorter."""
        least = 0
        for stream, since in enumerate(free):
            left = [number for number in range(len(plan)) if not done >> number & 1 and stream_of[number] == stream]
            if left:
                begin = max(since, min(head[number] for number in left))
                work = sum(lengths[number] for number in left)
                after = min(tails[number] - lengths[number] for number in left)
                least = max(least, begin + work + after, *(max(since, head[number]) + tails[number] for number in left))
        return least

    def go_on(done, free, head, starts):
        nonlocal best, found
        if done == everything:
            end = max(starts[number] + lengths[number] for number in starts)
            if end < best * (1 - CLOSE):
                best, found = end, starts
            return
        if bound(free, head, done) >= best * (1 - CLOSE) or _covered(seen, done, (*free, *_open(head, done))):
            return
        left = [number for number in range(len(plan)) if not done >> number & 1]
        ready = [number for number in left if all(done >> need & 1 for need in needs[number])]
        begin = {number: max(free[stream_of[number]], head[number]) for number in ready}
        first = min(ready, key=lambda number: (begin[number] + lengths[number], begin[number]))
        end = begin[first] + lengths[first]
        rivals = [
            number for number in ready if stream_of[number] == stream_of[first] and (begin[number] < end or number == first)
        ]
        for number in sorted(rivals, key=lambda one: -tails[one]):
            ends = begin[number] + lengths[number]
            later = list(head)
            for other in needed_by[number]:
                later[other] = max(later[other], ends)
            since = list(free)
            since[stream_of[number]] = ends
            go_on(done | 1 << number, since, later, {**starts, number: begin[number]})

    def _open(head, done):
        return [0 if done >> number & 1 else head[number] for number in range(len(plan))]

    heads = [0] * len(plan)
    for number in range(len(plan)):  # as early as the needs alone allow
        heads[number] = _head(number, needs, lengths)
    go_on(0, [0] * len(streams), heads, {})
    return found


def _head(number, needs, lengths):
    return max((_head(need, needs, lengths) + lengths[need] for need in needs[number]), default=0)


def _covered(seen: dict, done: int, state: tuple) -> bool:
    """Whether the same operations were run before with every time as early; else the state is noted."""
    others = seen.setdefault(done, [])
    if any(all(a <= b for a, b in zip(other, state, strict=True)) for other in others):
        return True
    others.append(state)
    return False
