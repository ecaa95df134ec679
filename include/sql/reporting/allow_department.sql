-- Lets a department send files for a closed period.
insert into ledger.period_lock_exception (lock_id, department_code, until_on, reason, allowed_by)
select
    lock_id,
    %(department_code)s,
    %(until_on)s,
    %(reason)s,
    %(by)s
from ledger.period_lock
where feed = %(feed)s and period = %(period)s and unlocked_at is null
returning exception_id;
