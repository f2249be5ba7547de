DROP TRIGGER append_only_rows ON trading_executedinstruction;
DROP TRIGGER append_only_truncate ON trading_executedinstruction;
DROP TRIGGER append_only_rows ON trading_trade;
DROP TRIGGER append_only_truncate ON trading_trade;
