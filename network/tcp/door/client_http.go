package door

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// webAsker asks in HTTP and JSON.
type webAsker struct {
	http    *http.Client
	attempt time.Duration
}

func (w *webAsker) close() {}

// ask implements asker.
func (w *webAsker) ask(ctx context.Context, node string, q question) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, w.attempt)
	defer cancel()
	switch command := q.command.(type) {
	case machine.Transaction:
		return w.transact(ctx, node, q, command)
	case machine.Command:
		if command.Op == machine.Get {
			return w.get(ctx, node, q.kind == askLocal, command.Key)
		}
		return w.command(ctx, node, q, command)
	}
	var given struct {
		Client protocols.ClientID `json:"client"`
	}
	err := send(ctx, w.http, http.MethodPost, node, "/v1/session", nil, nil, &given)
	return answer{session: given.Client}, err
}

func (w *webAsker) get(ctx context.Context, node string, local bool, key string) (answer, error) {
	path := "/v1/kv/" + escape(key)
	if local {
		path += "?consistency=local"
	}
	var value Value
	err := send(ctx, w.http, http.MethodGet, node, path, nil, nil, &value)
	if fault, ok := errors.AsType[*Fault](err); ok && fault.Kind == "not-found" {
		return answer{result: machine.Result{}}, nil
	}
	if err != nil {
		return answer{}, err
	}
	text, err := value.String()
	return answer{result: machine.Result{Value: text, Found: true}}, err
}

func (w *webAsker) command(ctx context.Context, node string, q question, command machine.Command) (answer, error) {
	sent := commandOf(command)
	sent.Op, sent.Key = "", ""
	var into Result
	var err error
	switch path := escape(command.Key); command.Op {
	case machine.Put:
		err = send(ctx, w.http, http.MethodPut, node, "/v1/kv/"+path, &q, sent, &into)
	case machine.Delete:
		err = send(ctx, w.http, http.MethodDelete, node, "/v1/kv/"+path, &q, nil, &into)
	default:
		err = send(ctx, w.http, http.MethodPost, node, "/v1/"+string(command.Op)+"/"+path, &q, sent, &into)
	}
	if err != nil {
		return answer{}, err
	}
	result, err := into.result()
	return answer{result: result}, err
}

func (w *webAsker) transact(ctx context.Context, node string, q question, transaction machine.Transaction) (answer, error) {
	var sent Transaction
	for _, part := range transaction.Commands {
		sent.Commands = append(sent.Commands, commandOf(part))
	}
	var into TransactionResult
	if err := send(ctx, w.http, http.MethodPost, node, "/v1/txn", &q, sent, &into); err != nil {
		return answer{}, err
	}
	result := machine.TransactionResult{Aborted: into.Aborted, Error: into.Error}
	for _, one := range into.Results {
		part, err := one.result()
		if err != nil {
			return answer{}, err
		}
		result.Results = append(result.Results, part)
	}
	return answer{result: result}, nil
}

// escape makes a key a part of a path.
func escape(key string) string { return url.PathEscape(key) }

// send makes one HTTP request, which bears the name of a question if there is one. Its
// error is a *Fault if the node said what is wrong.
func send(ctx context.Context, client *http.Client, method, node, path string, q *question, body, into any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+node+path, content)
	if err != nil {
		return err
	}
	if q != nil && q.client != 0 {
		request.Header.Set("Quorumlab-Client", strconv.FormatUint(uint64(q.client), 10))
		request.Header.Set("Quorumlab-Request", strconv.FormatUint(q.request, 10))
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return readAnswer(response, into)
}

// readAnswer reads what a node answered.
func readAnswer(response *http.Response, into any) error {
	content, err := io.ReadAll(io.LimitReader(response.Body, 2*bodyMost))
	if err != nil {
		return err
	}
	if response.StatusCode == http.StatusOK {
		return json.Unmarshal(content, into)
	}
	var fault Fault
	if err := json.Unmarshal(content, &fault); err != nil || fault.Kind == "" {
		return fmt.Errorf("%s: %.200s", response.Status, content)
	}
	return &fault
}

// Status asks one node who and how it is.
func (c *Client) Status(ctx context.Context, node string) (Status, error) {
	var s Status
	err := send(ctx, c.web, http.MethodGet, node, "/v1/status", nil, nil, &s)
	return s, err
}
