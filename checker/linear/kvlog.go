package linear

// kv reads an event of a KV log, {:process 0, :type :invoke, :f :put, :key "x",
// :value "y"}. In these logs a key that was never put holds "", so that the
// empty string and the absent value are the same; both are read as absent.
func (raw *rawEvent) kv() (event, error) {
	e, err := raw.common(kindsOfKV())
	if err != nil {
		return e, err
	}
	if raw.key.kind == "" {
		return e, raw.at(raw.key).fault("no :key", "one")
	}
	if raw.key.kind != stringForm {
		return e, raw.key.fault(":key "+raw.key.show(), "a string")
	}
	e.key = raw.key.text
	if e.hushed(raw.value) {
		return e, nil
	}
	if err := e.payload(raw.orPlace(raw.value), textValue); err != nil {
		return e, err
	}
	e.in.Present = e.in.Present || e.kind == Append // of nothing
	return e, nil
}

// textValue takes a string or nil as a value.
func textValue(f form) (Value, error) {
	if f.kind != stringForm && f.kind != nilForm {
		return Value{}, f.fault(f.show(), "a string or nil")
	}
	return Value{Text: f.text, Present: f.text != ""}, nil
}
