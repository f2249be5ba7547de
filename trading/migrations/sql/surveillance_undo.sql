DROP TRIGGER append_only_rows ON trading_alert;
DROP TRIGGER append_only_truncate ON trading_alert;
DROP TRIGGER append_only_rows ON trading_alertstep;
DROP TRIGGER append_only_truncate ON trading_alertstep;
DROP TRIGGER append_only_rows ON trading_rulechange;
DROP TRIGGER append_only_truncate ON trading_rulechange;
