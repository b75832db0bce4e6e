"""Our figures beside named references: ``make bench``, or ``python -m benchmarks [NAME ...]``.

One module per subject; what is common is in ``measure`` (interleaved CPU time), ``figures`` (a row of the table),
``children`` (the program as a process of its own) and ``results`` (the table). The references are written plainly, the
way a competent person would without us. To add a subject: a module with ``figures() -> list[Figure]``, its name in
``subjects.SUBJECTS``.
"""
