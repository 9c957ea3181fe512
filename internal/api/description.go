package api

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed description.html
var descriptionPage string

// serveDescription serves the description of the API, for programs and for people.
// It comes after all operations, and is not part of itself.
func (a *API) serveDescription() {
	serve := func(id, path, kind, summary string, write func(*huma.OpenAPI) ([]byte, error)) {
		// Most servers are never asked.
		written := sync.OnceValues(func() ([]byte, error) { return write(a.huma.OpenAPI()) })
		register(a, operation{
			id: id, method: http.MethodGet, path: path, tag: "description", summary: summary,
			more: func(op *huma.Operation) { op.Path, op.Hidden = "/api"+path, true },
		}, func(context.Context, *Nothing) (*Raw, error) {
			body, err := written()
			if err != nil {
				return nil, err
			}
			return raw(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", kind)
				// A page without any script, whose styles stand in it.
				w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
				// Pages from elsewhere may read it: there is nothing secret in it.
				w.Header().Set("Access-Control-Allow-Origin", "*")
				_, _ = w.Write(body)
			}), nil
		})
	}
	serve("get-description", "/openapi.json", "application/vnd.oai.openapi+json;version=3.1", "The description", describe)
	serve("read-description", "/docs", "text/html; charset=utf-8", "The description as a page", draw)
}

// draw writes the page.
func draw(doc *huma.OpenAPI) ([]byte, error) {
	page, err := template.New("description").Parse(descriptionPage)
	if err != nil {
		return nil, fmt.Errorf("read the page of the API: %w", err)
	}
	var html bytes.Buffer
	if err := page.Execute(&html, contentsOf(doc)); err != nil {
		return nil, fmt.Errorf("write the page of the API: %w", err)
	}
	return html.Bytes(), nil
}

func describe(doc *huma.OpenAPI) ([]byte, error) {
	b, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write the description of the API: %w", err)
	}
	return append(b, '\n'), nil
}

// contents are the operations by what they are about.
type contents struct {
	Title, About string
	Tags         []chapter
	Schemas      []schema
}

type chapter struct {
	Name       string
	Operations []entry
}

type entry struct {
	ID, Method, Path, Summary, About string
	Role                             string
	AllApps                          bool
	Parameters                       []field
	Body, Answer                     []field
	BodyName, AnswerName             string
	Status                           string
}

type schema struct {
	Name   string
	Fields []field
}

type field struct {
	Name, In, Type, Link, About string
	Required                    bool
}

func contentsOf(doc *huma.OpenAPI) contents {
	c := contents{Title: doc.Info.Title, About: doc.Info.Description}
	names := make(map[string]int)
	for _, op := range operationsOf(doc) {
		name := op.Tags[0]
		at, known := names[name]
		if !known {
			at = len(c.Tags)
			names[name] = at
			c.Tags = append(c.Tags, chapter{Name: name})
		}
		c.Tags[at].Operations = append(c.Tags[at].Operations, entryOf(op))
	}
	slices.SortFunc(c.Tags, func(a, b chapter) int { return cmp.Compare(a.Name, b.Name) })
	schemas := doc.Components.Schemas.Map()
	for _, name := range sortedKeys(schemas) {
		c.Schemas = append(c.Schemas, schema{name, fieldsOf(schemas[name])})
	}
	return c
}

// operationsOf are all operations, by path and method.
func operationsOf(doc *huma.OpenAPI) []*huma.Operation {
	var list []*huma.Operation
	for _, path := range sortedKeys(doc.Paths) {
		p := doc.Paths[path]
		for _, op := range []*huma.Operation{p.Get, p.Post, p.Put, p.Patch, p.Delete} {
			if op != nil {
				list = append(list, op)
			}
		}
	}
	return list
}

func entryOf(op *huma.Operation) entry {
	e := entry{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, About: op.Description}
	if role, ok := op.Extensions["x-role"].(string); ok {
		e.Role = role
		e.AllApps, _ = op.Extensions["x-all-apps"].(bool)
	}
	for _, p := range op.Parameters {
		f := field{Name: p.Name, In: p.In, About: p.Description, Required: p.Required}
		f.Type, f.Link = typeOf(p.Schema)
		if f.About == "" && p.Schema != nil {
			f.About = p.Schema.Description
		}
		e.Parameters = append(e.Parameters, f)
	}
	if op.RequestBody != nil {
		e.BodyName = nameOf(op.RequestBody.Content)
	}
	for status, r := range op.Responses {
		if strings.HasPrefix(status, "2") {
			e.Status, e.AnswerName = status, nameOf(r.Content)
		}
	}
	return e
}

// nameOf is the name of what a body holds.
func nameOf(content map[string]*huma.MediaType) string {
	for _, kind := range sortedKeys(content) {
		if s := content[kind].Schema; s != nil {
			return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		}
	}
	return ""
}

func fieldsOf(s *huma.Schema) []field {
	var fields []field
	for _, name := range sortedKeys(s.Properties) {
		p := s.Properties[name]
		f := field{Name: name, About: p.Description, Required: slices.Contains(s.Required, name)}
		f.Type, f.Link = typeOf(p)
		fields = append(fields, f)
	}
	return fields
}

// typeOf says in words what a value is, and the name of its schema if it has one.
func typeOf(s *huma.Schema) (words, link string) {
	switch {
	case s == nil:
		return "", ""
	case s.Ref != "":
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		return name, name
	case s.Type == huma.TypeArray:
		words, link = typeOf(s.Items)
		return "list of " + words, link
	case len(s.Enum) > 0:
		var values []string
		for _, v := range s.Enum {
			values = append(values, fmt.Sprint(v))
		}
		return strings.Join(values, " | "), ""
	case s.Format == "date-time":
		return "time", ""
	case s.Type == "":
		return "any", ""
	}
	return s.Type, ""
}
