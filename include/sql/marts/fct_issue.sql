-- grain: delivery × column × code × severity
-- stage: fact
-- feeds: ledger
-- parameters: public_feeds
-- replaces: nothing
-- Issues go with the delivery that they belong to.
insert into mart.fct_issue (
    delivery_id, submission_id, feed, period, department_code, column_name, code, severity, issue_count
)
select
    counted.delivery_id,
    counted.submission_id,
    counted.feed,
    counted.period,
    counted.department_code,
    counted.column_name,
    counted.code,
    counted.severity,
    case
        when counted.feed = any(%(public_feeds)s) then counted.number
        when counted.number >= 5 then counted.number - mod(counted.number, 5)
    end as issue_count
from (
    select
        fact.delivery_id,
        issue.submission_id,
        fact.feed,
        fact.period,
        fact.department_code,
        issue.column_name,
        issue.code,
        issue.severity,
        count(*) as number
    from staging.changed_delivery as changed
    inner join mart.fct_delivery as fact on changed.delivery_id = fact.delivery_id
    inner join ledger.delivery as delivery on fact.delivery_id = delivery.delivery_id
    inner join ledger.issue as issue on delivery.submission_id = issue.submission_id
    -- A duplicate names the submission of the first: its issues are told once.
    where fact.verdict <> 'duplicate'
    group by
        fact.delivery_id, issue.submission_id, fact.feed, fact.period, fact.department_code,
        issue.column_name, issue.code, issue.severity
) as counted;
