-- Which tenants were there by the end of a month?
SELECT DISTINCT tenant_id FROM entry WHERE billing_month <= $month;
