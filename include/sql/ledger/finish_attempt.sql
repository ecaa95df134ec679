update ledger.attempt
set
    submission_id = %(submission_id)s,
    finished_at = clock_timestamp(),
    error = %(error)s,
    expectation_results = %(expectation_results)s
where attempt_id = %(attempt_id)s;
