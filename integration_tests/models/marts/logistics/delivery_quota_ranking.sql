select
    quota."Region" as region,
    date_trunc('month', quota."Versandtag")::date as month_start,
    sum(quota."Lieferungen") as deliveries,
    sum(quota."davon pünktlich") as on_time,
    round(sum(quota."davon pünktlich") / sum(quota."Lieferungen"), 4) as "Quote",
    dense_rank() over (
        partition by date_trunc('month', quota."Versandtag")
        order by sum(quota."davon pünktlich") / sum(quota."Lieferungen") desc
    ) as rank_in_month
from {{ ref('delivery_quota_by_region') }} as quota
group by 1, 2, date_trunc('month', quota."Versandtag")
