package state_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/protocols/state"
)

func TestJSONView(t *testing.T) {
	codec := newCodec(t)
	for _, test := range []struct {
		v    any
		want string
	}{
		{true, `true`},
		{"a\"\\\n\t\x01\xff<é", `"a\"\\\n\t\u0001�<é"`},
		{[]byte("hi"), `"aGk="`},
		{uint64(1<<64 - 1), `18446744073709551615`},
		{int8(-5), `-5`},
		{role(2), `{"type":"state_test.role","value":"leader"}`},
		{time.Second, `{"type":"time.Duration","value":1000000000}`},
		{[]put{{}, {Key: "k"}}, `{"type":"[]state_test.put","value":[{},{"key":"k"}]}`},
		{put{}, `{"type":"state_test.put"}`},
		{&remove{Key: "k"}, `{"type":"state_test.remove","key":"k"}`},
		{(*remove)(nil), `{"type":"state_test.remove","value":null}`},
		{
			labelled{Type: "own", Inner: labelled{}},
			`{"type":"state_test.labelled","value":{"type":"own","inner":` +
				`{"type":"state_test.labelled","value":{}}}}`,
		},
		{
			benchMessage(),
			`{"type":"state_test.proposal","zxid":12884901895,"from":2,"session":1099511627776,` +
				`"attempt":1,"deadline":3000000000,` +
				`"command":{"type":"state_test.put","key":"account","value":"dmFsdWU="}}`,
		},
		{vote{Ballot: Ballot{Round: 1}, ID: 3}, `{"type":"state_test.vote","ballot":{"round":1},"id":3}`},
		{
			&node{Role: 1, Level: "low", Roles: []role{0, 9}, Acks: map[zxid]empty{16: {}, 2: {}}},
			`{"type":"state_test.node","role":"candidate","level":"level low",` +
				`"acks":{"0x2":{},"0x10":{}},"roles":["follower","unknown"]}`,
		},
		{
			&node{Votes: map[uint16]vote{10: {ID: 1}, 9: {}}, Flags: map[bool]string{true: "t", false: "f"}},
			`{"type":"state_test.node","votes":{"9":{},"10":{"id":1}},"flags":{"false":"f","true":"t"}}`,
		},
		{
			&node{Slots: map[slot][]uint64{
				{Term: 2, Names: [2]string{"a", ""}, Ballot: Ballot{3, 4}, Final: true}: {5},
				{Term: -1}: nil,
			}},
			`{"type":"state_test.node","slots":{"\"-1\",(\"\",\"\"),(0,0),false":[],` +
				`"\"+2\",(\"a\",\"\"),(3,4),true":[5]}}`,
		},
		{
			&node{Sessions: map[string]map[int64]any{"b": {-2: nil, -10: int64(1)}, "aa": {}, "a\x00": {}, "a": {}}},
			`{"type":"state_test.node","sessions":{"a":{},"a\u0000":{},"aa":{},"b":{"-10":1,"-2":null}}}`,
		},
	} {
		if got := string(codec.AppendJSON(nil, test.v)); got != test.want {
			t.Errorf("view of %#v:\n%s, want\n%s", test.v, got, test.want)
		}
	}
}

type names struct{ A, ID, IDs, NodeID, HTTPPort, Zxid, XMLHTTPRequest, Epoch2, Élan int }

func TestJSONNames(t *testing.T) {
	codec, err := state.NewCodec(names{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"type":"state_test.names","a":1,"id":2,"iDs":3,"nodeID":4,"httpPort":5,` +
		`"zxid":6,"xmlhttpRequest":7,"epoch2":8,"élan":9}`
	if got := string(codec.AppendJSON(nil, names{1, 2, 3, 4, 5, 6, 7, 8, 9})); got != want {
		t.Errorf("names show as\n%s, want\n%s", got, want)
	}
}

func TestJSONStringsParseBack(t *testing.T) {
	codec := newCodec(t)
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		text := rapid.OneOf(rapid.String(), rapid.Just(string(raw))).Draw(t, "text")
		var parsed string
		if err := json.Unmarshal(codec.AppendJSON(nil, text), &parsed); err != nil {
			t.Fatal(err)
		}
		// []rune puts U+FFFD for each byte that is not UTF-8, as we promise.
		if want := string([]rune(text)); parsed != want {
			t.Fatalf("%q shows as %q", text, parsed)
		}
	})
}

func TestJSONAllocatesNothing(t *testing.T) {
	codec, message := newCodec(t), benchMessage()
	dst := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { codec.AppendJSON(dst, message) }); n != 0 {
		t.Errorf("%v allocations for a message", n)
	}
}
