-- Comments on drafts put together: by target and by department that was asked.

alter table plan.document
add column drafted_by text,
add column consulted text[];

alter table mart.dim_document
add column drafted_by text references mart.dim_department deferrable initially deferred,
add column consulted text[];

comment on column plan.document.drafted_by is
'Đơn vị soạn thảo, nhận góp ý; trống khi chưa biết. '
'/ Department that drafts it and takes the comments; null where nobody has said it.';
comment on column plan.document.consulted is
'Mã các đơn vị được lấy ý kiến; trống là mọi đơn vị tồn tại trong thời gian góp ý, trừ đơn vị soạn thảo. '
'/ Codes of the departments asked for comments; null for every one that existed between the hearing and the '
'deadline, except the drafting one.';
comment on column mart.dim_document.drafted_by is
'Đơn vị soạn thảo, nhận góp ý; trống khi chưa biết. '
'/ Department that drafts it and takes the comments; null where nobody has said it.';
comment on column mart.dim_document.consulted is
'Mã các đơn vị được lấy ý kiến; trống là mọi đơn vị tồn tại trong thời gian góp ý, trừ đơn vị soạn thảo. '
'/ Codes of the departments asked for comments; null for every one that existed between the hearing and the '
'deadline, except the drafting one.';

-- Of the comments of a department on a target, which may come in files of several years or from several
-- senders, the one received last stands; of one day, that of the file that came last.
create view mart.consultation_comment with (security_invoker = true) as
select
    fact.document_code,
    fact.target_code,
    indicator.name_vi as target_name_vi,
    indicator.name_en as target_name_en,
    (fact.document_code, fact.target_code) in (
        select
            document_code,
            indicator_code
        from mart.dim_target
    ) as is_target_of_document,
    fact.department_code,
    department.name_vi as department_name_vi,
    department.name_en as department_name_en,
    fact.comment,
    fact.proposed_value,
    indicator.unit_vi as proposed_unit_vi,
    fact.legal_basis,
    fact.received_on,
    document.comments_due_on,
    fact.is_late,
    row_number() over (
        partition by fact.document_code, fact.target_code, fact.department_code
        order by fact.received_on desc, submission.received_at desc, fact.submission_id desc
    ) = 1 as is_standing,
    fact.period,
    fact.reporting_unit,
    fact.submission_id,
    submission.file_name,
    fact.source_sheet,
    fact.source_row
from mart.fct_plan_comment as fact
inner join mart.dim_document as document
    on fact.document_code = document.document_code and document.comments_due_on is not null
left join mart.dim_indicator as indicator on fact.target_code = indicator.indicator_code
left join mart.dim_department as department on fact.department_code = department.department_code
left join mart.dim_submission as submission on fact.submission_id = submission.submission_id;

comment on view mart.consultation_comment is
'Mỗi dòng là một ý kiến về một văn bản có hạn góp ý, kèm tên, tệp và dòng. '
'/ One row per comment on a document with a deadline, with names, file and line.';
comment on column mart.consultation_comment.target_name_vi is
'Tên chỉ tiêu; trống khi chưa khai báo. / Indicator in Vietnamese; null where it is not declared.';
comment on column mart.consultation_comment.target_name_en is
'Tên tiếng Anh; trống khi chưa khai báo. / Indicator in English; null where it is not declared.';
comment on column mart.consultation_comment.is_target_of_document is
'Văn bản có mục tiêu này không. / Whether the document sets this target.';
comment on column mart.consultation_comment.department_name_vi is
'Tên đơn vị góp ý. / Department that commented, in Vietnamese.';
comment on column mart.consultation_comment.department_name_en is
'Tên tiếng Anh của đơn vị. / Department that commented, in English.';
comment on column mart.consultation_comment.proposed_unit_vi is
'Đơn vị tính của giá trị đề xuất. / Unit of the proposed value, in Vietnamese.';
comment on column mart.consultation_comment.is_standing is
'Ý kiến được tính: ý kiến nhận sau cùng của đơn vị về mục tiêu. '
'/ Whether it counts: the last that the department gave on the target.';

create view mart.consultation_target with (security_invoker = true) as
with target as (
    -- Comments name an indicator: where a document sets it more than once, they are on the last year's.
    select distinct on (document_code, indicator_code)
        document_code,
        indicator_code,
        target_year,
        direction,
        target_value,
        statement_vi,
        statement_en
    from mart.dim_target
    where geography_code = '38'
    order by document_code asc, indicator_code asc, target_year desc
),

answer as (
    select
        document_code,
        target_code,
        count(*) as comment_count,
        count(*) filter (where is_standing) as department_count,
        count(*) filter (where is_standing and not is_late) as on_time_count,
        count(*) filter (where is_standing and is_late) as late_count,
        count(proposed_value) filter (where is_standing) as proposal_count,
        min(proposed_value) filter (where is_standing) as proposed_min,
        max(proposed_value) filter (where is_standing) as proposed_max,
        array_agg(distinct proposed_value order by proposed_value) filter (
            where is_standing and proposed_value is not null
        ) as proposed_values,
        array_agg(distinct legal_basis order by legal_basis) filter (
            where is_standing and legal_basis is not null
        ) as legal_bases
    from mart.consultation_comment
    group by document_code, target_code
),

subject as (
    select
        document_code,
        indicator_code as target_code
    from target
    union
    select
        document_code,
        target_code
    from answer
)

select
    subject.document_code,
    subject.target_code,
    indicator.name_vi as target_name_vi,
    indicator.name_en as target_name_en,
    target.indicator_code is not null as is_target_of_document,
    target.target_value,
    target.statement_vi,
    target.statement_en,
    indicator.unit_vi,
    target.direction,
    target.target_year,
    coalesce(answer.comment_count, 0) as comment_count,
    coalesce(answer.department_count, 0) as department_count,
    coalesce(answer.on_time_count, 0) as on_time_count,
    coalesce(answer.late_count, 0) as late_count,
    coalesce(answer.proposal_count, 0) as proposal_count,
    answer.proposed_min,
    answer.proposed_max,
    answer.proposed_values,
    answer.legal_bases
from subject
inner join mart.dim_document as document
    on subject.document_code = document.document_code and document.comments_due_on is not null
left join mart.dim_indicator as indicator on subject.target_code = indicator.indicator_code
left join target
    on subject.document_code = target.document_code and subject.target_code = target.indicator_code
left join answer
    on subject.document_code = answer.document_code and subject.target_code = answer.target_code;

comment on view mart.consultation_target is
'Mỗi dòng là một mục tiêu của một văn bản có hạn góp ý, kèm tổng hợp ý kiến; cả mục tiêu mà chỉ ý kiến nêu. '
'/ One row per target of a document with a deadline, with its comments put together; targets that only '
'comments name as well.';
comment on column mart.consultation_target.document_code is
'Mã văn bản được góp ý. / Code of the document commented on.';
comment on column mart.consultation_target.target_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column mart.consultation_target.target_name_vi is
'Tên chỉ tiêu; trống khi chưa khai báo. / Indicator in Vietnamese; null where it is not declared.';
comment on column mart.consultation_target.target_name_en is
'Tên tiếng Anh; trống khi chưa khai báo. / Indicator in English; null where it is not declared.';
comment on column mart.consultation_target.is_target_of_document is
'Văn bản có mục tiêu này không. / Whether the document sets this target.';
comment on column mart.consultation_target.target_value is
'Giá trị trong dự thảo, của năm sau cùng; trống khi dự thảo không có số. '
'/ Value of the draft, of the last year; null where the draft names no number.';
comment on column mart.consultation_target.statement_vi is
'Lời của dự thảo khi không nêu số; trống khi có số. / What the draft says where it names no number.';
comment on column mart.consultation_target.statement_en is
'Lời của dự thảo, tiếng Anh. / The same in English.';
comment on column mart.consultation_target.direction is
'Ít nhất hay nhiều nhất; trống khi văn bản không có mục tiêu. '
'/ at_least, at_most; null where it is no target of the document.';
comment on column mart.consultation_target.target_year is
'Năm phải đạt; trống khi văn bản không có mục tiêu. '
'/ Year by which it is to be reached; null where it is no target of the document.';
comment on column mart.consultation_target.comment_count is
'Số ý kiến đã nhận, kể cả ý kiến đã được thay. / Comments received, those replaced by later ones included.';
comment on column mart.consultation_target.department_count is
'Số đơn vị góp ý, mỗi đơn vị một ý kiến được tính. '
'/ Departments that commented; one comment of each counts.';
comment on column mart.consultation_target.on_time_count is
'Số ý kiến được tính nhận trong hạn. / Comments that count, received by the deadline.';
comment on column mart.consultation_target.late_count is
'Số ý kiến được tính nhận sau hạn. / Comments that count, received after the deadline.';
comment on column mart.consultation_target.proposal_count is
'Số ý kiến được tính có giá trị đề xuất. / Comments that count and propose a value.';
comment on column mart.consultation_target.proposed_min is
'Giá trị đề xuất thấp nhất; trống khi không có. / Lowest value proposed; null where there is none.';
comment on column mart.consultation_target.proposed_max is
'Giá trị đề xuất cao nhất; trống khi không có. / Highest value proposed; null where there is none.';
comment on column mart.consultation_target.proposed_values is
'Các giá trị đề xuất khác nhau, tăng dần; trống khi không có. '
'/ Distinct values proposed, ascending; null where there is none.';
comment on column mart.consultation_target.legal_bases is
'Các căn cứ pháp lý mà ý kiến nêu; trống khi không có. '
'/ Legal bases that the comments name; null where there is none.';

create view mart.consultation_department with (security_invoker = true) as
with document as (
    select
        document_code,
        dated_on,
        comments_due_on,
        drafted_by,
        consulted
    from mart.dim_document
    where comments_due_on is not null
),

consulted as (
    select
        document.document_code,
        department.department_code
    from document
    inner join mart.dim_department as department
        on
            document.consulted @> array[department.department_code]
            or (
                document.consulted is null
                and document.drafted_by is distinct from department.department_code
                and coalesce(document.comments_due_on >= department.valid_from, true)
                and coalesce(document.dated_on < department.valid_to, true)
            )
),

answer as (
    select
        document_code,
        department_code,
        count(*) as comment_count,
        count(*) filter (where is_standing) as target_count,
        count(*) filter (where is_standing and not is_late) as on_time_count,
        count(*) filter (where is_standing and is_late) as late_count,
        min(received_on) as first_received_on,
        max(received_on) as last_received_on
    from mart.consultation_comment
    group by document_code, department_code
),

asked_or_answered as (
    select
        coalesce(consulted.document_code, answer.document_code) as document_code,
        coalesce(consulted.department_code, answer.department_code) as department_code,
        consulted.department_code is not null as is_consulted,
        answer.comment_count,
        answer.target_count,
        answer.on_time_count,
        answer.late_count,
        answer.first_received_on,
        answer.last_received_on
    from consulted
    full join answer
        on
            consulted.document_code = answer.document_code
            and consulted.department_code = answer.department_code
)

select
    either.document_code,
    either.department_code,
    department.name_vi as department_name_vi,
    department.name_en as department_name_en,
    either.is_consulted,
    case
        when either.first_received_on is null then 'not_answered'
        when either.first_received_on <= document.comments_due_on then 'on_time'
        else 'late'
    end as state,
    coalesce(either.comment_count, 0) as comment_count,
    coalesce(either.target_count, 0) as target_count,
    coalesce(either.on_time_count, 0) as on_time_count,
    coalesce(either.late_count, 0) as late_count,
    either.first_received_on,
    either.last_received_on,
    document.comments_due_on,
    (
        select count(*)
        from mart.fct_delivery as delivery
        where
            delivery.feed = 'plan_comments'
            and delivery.verdict = 'rejected'
            and delivery.department_code = either.department_code
            and delivery.received_on >= document.dated_on
    ) as refused_file_count
from asked_or_answered as either
inner join document on either.document_code = document.document_code
left join mart.dim_department as department on either.department_code = department.department_code;

comment on view mart.consultation_department is
'Mỗi dòng là một đơn vị được lấy ý kiến, hoặc đã góp ý, về một văn bản có hạn góp ý. '
'/ One row per department that was asked, or commented, on a document with a deadline.';
comment on column mart.consultation_department.document_code is
'Mã văn bản được góp ý. / Code of the document commented on.';
comment on column mart.consultation_department.department_code is 'Mã đơn vị. / Department code.';
comment on column mart.consultation_department.department_name_vi is
'Tên đơn vị. / Department in Vietnamese.';
comment on column mart.consultation_department.department_name_en is
'Tên tiếng Anh. / Department in English.';
comment on column mart.consultation_department.is_consulted is
'Có được lấy ý kiến không. / Whether it was asked for comments.';
comment on column mart.consultation_department.state is
'Trả lời đúng hạn (ý kiến đầu tiên trong hạn), trả lời muộn, chưa trả lời. '
'/ on_time (the first comment came by the deadline), late, not_answered.';
comment on column mart.consultation_department.comment_count is
'Số ý kiến đã nhận, kể cả ý kiến đã được thay. / Comments received, those replaced by later ones included.';
comment on column mart.consultation_department.target_count is
'Số mục tiêu đã góp ý, mỗi mục tiêu một ý kiến được tính. '
'/ Targets commented on; one comment on each counts.';
comment on column mart.consultation_department.on_time_count is
'Số ý kiến được tính nhận trong hạn. / Comments that count, received by the deadline.';
comment on column mart.consultation_department.late_count is
'Số ý kiến được tính nhận sau hạn. / Comments that count, received after the deadline.';
comment on column mart.consultation_department.first_received_on is
'Ngày nhận ý kiến đầu tiên; trống khi chưa có. / Day of the first comment; null where there is none.';
comment on column mart.consultation_department.last_received_on is
'Ngày nhận ý kiến sau cùng; trống khi chưa có. / Day of the last comment; null where there is none.';
comment on column mart.consultation_department.refused_file_count is
'Số tệp góp ý của đơn vị bị từ chối cả tệp từ ngày nghe dự thảo, về bất cứ văn bản nào. '
'/ Files of comments from the department that were refused whole since the hearing, on whatever document.';
