package trace

import (
	"strconv"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// appendStep appends a step's record up to, not including, its hash.
func appendStep(b []byte, codec *state.Codec, step *sim.Step) []byte {
	b = append(b, `{"n":`...)
	b = strconv.AppendUint(b, step.Number, 10)
	b = appendInt(b, `,"t":`, int64(step.Time))
	if step.Fault != nil {
		b = append(b, `,"fault":`...)
		b = codec.AppendJSON(b, *step.Fault)
	} else {
		b = appendChoice(b, step.Choice)
	}
	if step.Node != 0 {
		b = appendUint(b, `,"node":`, uint64(step.Node))
		b = appendInt(b, `,"clock":`, int64(step.Clock))
		b = append(b, `,"event":{`...)
		b = appendEvent(b, codec, step.Event)
		b = append(b, '}')
	}
	if len(step.Effects) > 0 {
		b = append(b, `,"effects":[`...)
		for i, effect := range step.Effects {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, '{')
			b = appendEffect(b, codec, effect)
			b = append(b, '}')
		}
		b = append(b, ']')
	}
	if step.Lost > 0 {
		b = appendUint(b, `,"lost":`, uint64(step.Lost))
	}
	if step.Client.Client != 0 {
		b = appendClient(b, codec, &step.Client)
	}
	return b
}

func appendChoice(b []byte, c sim.Choice) []byte {
	b = append(b, `,"do":{"`...)
	b = append(b, c.Kind.String()...)
	b = append(b, '"', ':')
	b = strconv.AppendUint(b, c.ID, 10)
	b = appendNonzero(b, `,"node":`, uint64(c.Node))
	b = appendNonzero(b, `,"peer":`, uint64(c.Peer))
	b = appendNonzero(b, `,"keep":`, uint64(c.Keep))
	b = appendNonzero(b, `,"client":`, uint64(c.Client))
	return append(b, '}')
}

func appendEvent(b []byte, codec *state.Codec, event protocols.Event) []byte {
	switch e := event.(type) {
	case protocols.Received:
		b = appendUint(b, `"received":`, uint64(e.From))
		b = appendValue(b, `,"message":`, codec, e.Message)
	case protocols.TimerFired:
		b = appendTimer(b, `"timer":`, codec, e.Timer)
	case protocols.Requested:
		b = appendUint(b, `"requested":`, uint64(e.Client))
		b = appendUint(b, `,"request":`, e.Request)
		b = appendValue(b, `,"command":`, codec, e.Command)
	case protocols.Persisted:
		b = appendUint(b, `"persisted":`, e.Mark)
	case protocols.Disconnected:
		b = appendUint(b, `"disconnected":`, uint64(e.Peer))
	case protocols.Recovered:
		b = append(b, `"recovered":`...)
		b = codec.AppendJSON(b, e.Disk)
	}
	return b
}

func appendEffect(b []byte, codec *state.Codec, effect protocols.Effect) []byte {
	switch e := effect.(type) {
	case protocols.Send:
		b = appendUint(b, `"send":`, uint64(e.To))
		b = appendValue(b, `,"message":`, codec, e.Message)
	case protocols.SetTimer:
		b = appendTimer(b, `"set":`, codec, e.Timer)
		b = appendInt(b, `,"min":`, int64(e.Min))
		b = appendInt(b, `,"max":`, int64(e.Max))
	case protocols.CancelTimer:
		b = appendTimer(b, `"cancel":`, codec, e.Timer)
	case protocols.Persist:
		b = appendUint(b, `"persist":`, e.Mark)
		b = append(b, `,"writes":[`...)
		for i, write := range e.Writes {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, '{')
			b = appendWrite(b, codec, write)
			b = append(b, '}')
		}
		b = append(b, ']')
	case protocols.Reply:
		b = appendUint(b, `"reply":`, uint64(e.Client))
		b = appendUint(b, `,"request":`, e.Request)
		b = appendValue(b, `,"result":`, codec, e.Result)
		b = appendText(b, `,"refusal":`, codec, e.Refusal)
	case protocols.Note:
		b = appendQuoted(append(b, `"note":`...), codec, string(e.Kind))
		b = appendNonzero(b, `,"term":`, e.Term)
		b = appendNonzero(b, `,"slot":`, e.Slot)
		b = appendValue(b, `,"value":`, codec, e.Value)
		b = appendText(b, `,"text":`, codec, e.Text)
	}
	return b
}

func appendWrite(b []byte, codec *state.Codec, write protocols.Write) []byte {
	switch w := write.(type) {
	case protocols.Append:
		b = append(b, `"append":`...)
		b = codec.AppendJSON(b, w.Record)
	case protocols.SetMeta:
		b = append(b, `"meta":`...)
		b = codec.AppendJSON(b, w.Meta)
	case protocols.SaveSnapshot:
		b = append(b, `"snapshot":`...)
		b = codec.AppendJSON(b, w.Snapshot)
	case protocols.CutTail:
		b = appendUint(b, `"cutTail":`, w.From)
	case protocols.CutHead:
		b = appendUint(b, `"cutHead":`, w.Before)
	}
	return b
}

func appendClient(b []byte, codec *state.Codec, c *sim.ClientStep) []byte {
	b = appendUint(b, `,"client":{"id":`, uint64(c.Client))
	b = appendUint(b, `,"operation":`, uint64(c.Operation))
	b = appendUint(b, `,"asks":`, uint64(c.Node))
	switch {
	case c.Invoked:
		b = append(b, `,"does":"invoke"`...)
		b = appendValue(b, `,"command":`, codec, c.Command)
	case c.Returned:
		b = append(b, `,"does":"return"`...)
		b = appendText(b, `,"outcome":`, codec, string(c.Outcome))
		b = appendValue(b, `,"result":`, codec, c.Result)
		b = appendText(b, `,"reason":`, codec, c.Reason)
	default:
		b = append(b, `,"does":"retry"`...)
	}
	return append(b, '}')
}

func appendTimer(b []byte, name string, codec *state.Codec, t protocols.Timer) []byte {
	b = appendQuoted(append(b, name...), codec, t.Name)
	return appendNonzero(b, `,"key":`, t.Key)
}

func appendValue(b []byte, name string, codec *state.Codec, value any) []byte {
	if value == nil {
		return b
	}
	return codec.AppendJSON(append(b, name...), value)
}

func appendText(b []byte, name string, codec *state.Codec, text string) []byte {
	if text == "" {
		return b
	}
	return appendQuoted(append(b, name...), codec, text)
}

// appendQuoted appends a JSON string. Nearly all are short constants of plain
// letters, for which the codec's boxing would be most of the cost.
func appendQuoted(b []byte, codec *state.Codec, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return codec.AppendJSON(b, text)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}

func appendUint(b []byte, name string, n uint64) []byte {
	return strconv.AppendUint(append(b, name...), n, 10)
}

func appendNonzero(b []byte, name string, n uint64) []byte {
	if n == 0 {
		return b
	}
	return appendUint(b, name, n)
}

func appendInt(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(b, name...), n, 10)
}
