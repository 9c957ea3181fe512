package api

import (
	"net/http"

	"github.com/millrace-live/millrace/internal/problem"
)

// Reloaded says what a reload of the settings did.
type Reloaded struct {
	// Changed are the settings that were taken over, Restart those that
	// changed and take hold at the next start.
	Changed []string `json:"changed"`
	Restart []string `json:"restart"`
}

// HandleReload serves POST /api/v1/reload, for those with the admin token.
func (a *API) HandleReload(reload func() (Reloaded, error)) {
	a.mux.HandleFunc("POST /api/v1/reload", func(w http.ResponseWriter, r *http.Request) {
		if !a.Token.Admits(r) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			problem.Write(w, http.StatusUnauthorized,
				"this needs the admin token (admin.token in the data folder) as Authorization: Bearer TOKEN")
			return
		}
		done, err := reload()
		if err != nil {
			problem.Write(w, http.StatusUnprocessableEntity, err.Error())
			return
		}
		reply(w, done)
	})
}
