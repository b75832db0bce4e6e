"""Run identity, run folder, provenance, status and result. Nothing of torch.

The order in which a program uses it: ``run_hash`` → ``find_or_create`` → ``run_lock`` → ``begin_session`` and
``write_status`` → training, with ``MetricsCsv`` → ``write_result`` (last) → ``end_session``.
"""
