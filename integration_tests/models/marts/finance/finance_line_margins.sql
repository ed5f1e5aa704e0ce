select
    margins.*,
    parts.brand,
    parts.part_type,
    margins.margin / nullif(margins.net_price, 0) as margin_ratio
from {{ ref('int_line_margins') }} as margins
inner join {{ ref('dim_parts') }} as parts using (part_id)
