-- The first lock that closes the period of a delivery for its department.
select
    period_lock.period,
    period_lock.locked_at,
    period_lock.reason
from ledger.period_lock
inner join ledger.delivery on delivery.delivery_id = %(delivery_id)s
where
    period_lock.feed = %(feed)s
    and period_lock.unlocked_at is null
    and (period_lock.period = %(period)s or (%(earlier_too)s and period_lock.period > %(period)s))
    and not exists (
        select 1
        from ledger.period_lock_exception as leave
        where
            leave.lock_id = period_lock.lock_id
            and leave.department_code = delivery.department_code
            and leave.until_on >= (delivery.received_at at time zone 'Asia/Ho_Chi_Minh')::date
    )
order by period_lock.period
limit 1;
