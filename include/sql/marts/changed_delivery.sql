-- grain: delivery
-- stage: state
-- feeds: ledger
-- parameters: everything
-- replaces: nothing
-- The deliveries of which the marts do not tell yet, or not as the ledger does now: answered since, or told
-- before the definitions changed.
create unlogged table staging.changed_delivery as
select coalesce(delivery.delivery_id, known.delivery_id) as delivery_id
from (
    select
        delivery_id,
        answered_at
    from ledger.delivery
    where verdict is not null
) as delivery
full join mart.fct_delivery as known on delivery.delivery_id = known.delivery_id
where
    %(everything)s
    or delivery.delivery_id is distinct from known.delivery_id
    or delivery.answered_at is distinct from known.answered_at
    or known.computed_at < (select max(recorded_at) from ledger.mart_definition);
