package cmaf

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/millrace-live/millrace/amf"
)

var errTooMuch = errors.New("cmaf: more than a timed message may hold")

// jsonWriter writes AMF values as JSON, in their order. It is bounded in depth
// too, since a reference in AMF3 may lead back to what it stands in.
type jsonWriter struct {
	b     []byte
	most  int
	depth int
	err   error
}

const deepestJSON = 32

func (w *jsonWriter) value(v amf.Value) {
	if len(w.b) > w.most || w.depth > deepestJSON {
		w.err = errTooMuch
	}
	if w.err != nil {
		return
	}
	w.depth++
	defer func() { w.depth-- }()
	switch v := v.(type) {
	case bool, string, int:
		w.plain(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			w.plain(nil)
			return
		}
		w.plain(v)
	case amf.XML:
		w.plain(string(v))
	case amf.XMLDocument:
		w.plain(string(v))
	case amf.Date:
		w.plain(v.Time().Format(time.RFC3339Nano))
	case []byte:
		w.plain(base64.StdEncoding.EncodeToString(v))
	case amf.AMF3:
		w.value(v.Value)
	case *amf.External:
		w.value(v.Value)
	case *amf.Object, *amf.ECMAArray:
		w.object(amf.PropertiesOf(v))
	case *amf.Array:
		if len(v.Values) == 0 && len(v.Assoc) > 0 {
			w.object(v.Assoc)
			return
		}
		w.list(v.Values)
	case *amf.ObjectVector:
		w.list(v.Values)
	case *amf.Vector[int32]:
		numbers(w, v.Values)
	case *amf.Vector[uint32]:
		numbers(w, v.Values)
	case *amf.Vector[float64]:
		numbers(w, v.Values)
	default: // null and what no JSON can say
		w.plain(nil)
	}
}

func (w *jsonWriter) plain(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		w.err = err
	}
	w.b = append(w.b, b...)
}

func (w *jsonWriter) object(ps amf.Properties) {
	w.b = append(w.b, '{')
	for i, p := range ps {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.plain(p.Name)
		w.b = append(w.b, ':')
		w.value(p.Value)
	}
	w.b = append(w.b, '}')
}

func (w *jsonWriter) list(l amf.List) {
	w.b = append(w.b, '[')
	for i, v := range l {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.value(v)
	}
	w.b = append(w.b, ']')
}

func numbers[T int32 | uint32 | float64](w *jsonWriter, values []T) {
	l := make(amf.List, len(values))
	for i, v := range values {
		l[i] = float64(v)
	}
	w.list(l)
}
