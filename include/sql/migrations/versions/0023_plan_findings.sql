-- What the audit of the plan finds.

create table mart.dim_plan_rule (
    rule text primary key,
    severity text not null check (severity in ('critical', 'warning', 'info')),
    title_vi text not null,
    title_en text not null,
    position integer not null
);

comment on table mart.dim_plan_rule is
'Mỗi dòng là một quy tắc rà soát kế hoạch. / One row per rule of the plan''s audit.';
comment on column mart.dim_plan_rule.rule is 'Mã quy tắc. / Name of the rule.';
comment on column mart.dim_plan_rule.severity is
'Mức độ: nghiêm trọng, cần xem, để biết. / critical, warning, info.';
comment on column mart.dim_plan_rule.title_vi is 'Tên quy tắc. / Title in Vietnamese.';
comment on column mart.dim_plan_rule.title_en is 'Tên tiếng Anh. / Title in English.';
comment on column mart.dim_plan_rule.position is
'Thứ tự, nghiêm trọng trước. / Place in the order, the gravest first.';

create table mart.fct_plan_finding (
    rule text not null references mart.dim_plan_rule deferrable initially deferred,
    subject text not null,
    severity text not null check (severity in ('critical', 'warning', 'info')),
    targets text[] not null,
    documents text[] not null,
    message_vi text not null,
    message_en text not null,
    evidence jsonb not null,
    computed_at timestamptz not null default now(),
    primary key (rule, subject)
);

comment on table mart.fct_plan_finding is
'Mỗi dòng là một phát hiện của một quy tắc rà soát kế hoạch. '
'/ One row per finding of a rule of the plan''s audit.';
comment on column mart.fct_plan_finding.rule is 'Mã quy tắc. / Name of the rule.';
comment on column mart.fct_plan_finding.subject is
'Điều được phát hiện, duy nhất trong quy tắc. / What the finding is about, unique within the rule.';
comment on column mart.fct_plan_finding.severity is
'Mức độ: nghiêm trọng, cần xem, để biết. / critical, warning, info.';
comment on column mart.fct_plan_finding.targets is
'Các mục tiêu liên quan, mỗi mục tiêu viết “văn bản chỉ tiêu”; rỗng khi không nói về mục tiêu nào. '
'/ Targets that it is about, each “DOCUMENT INDICATOR”; empty where it is about none.';
comment on column mart.fct_plan_finding.documents is
'Mã các văn bản liên quan. / Codes of the documents that it is about.';
comment on column mart.fct_plan_finding.message_vi is
'Câu phát hiện và việc cần làm. / The finding and what to do, in Vietnamese.';
comment on column mart.fct_plan_finding.message_en is
'Câu phát hiện, tiếng Anh. / The finding and what to do, in English.';
comment on column mart.fct_plan_finding.evidence is
'Bằng chứng: giá trị, năm, kỳ, lần nộp, dòng mà phát hiện dựa vào. '
'/ Evidence: values, years, periods, submissions and rows that the finding rests on.';
comment on column mart.fct_plan_finding.computed_at is
'Thời điểm phát hiện được ghi hoặc thay đổi lần cuối. / When the finding was written or last changed.';

create view mart.plan_finding_count with (security_invoker = true) as
select
    checked.rule,
    checked.severity,
    checked.title_vi,
    checked.title_en,
    checked.position,
    count(found.rule) as finding_count
from mart.dim_plan_rule as checked
left join mart.fct_plan_finding as found on checked.rule = found.rule
group by checked.rule;

comment on view mart.plan_finding_count is
'Mỗi dòng là một quy tắc rà soát với số phát hiện, kể cả quy tắc không phát hiện gì. '
'/ One row per rule of the audit with the number of its findings, rules without any included.';
comment on column mart.plan_finding_count.finding_count is
'Số phát hiện; 0 khi đã rà soát mà không thấy gì. / Number of findings; 0 where nothing was found.';
