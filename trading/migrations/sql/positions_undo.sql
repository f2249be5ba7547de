DROP AGGREGATE trading_position(bigint, numeric);
DROP FUNCTION trading_position_moved(numeric[], bigint, numeric);
