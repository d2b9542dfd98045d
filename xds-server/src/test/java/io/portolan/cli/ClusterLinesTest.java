package io.portolan.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ClusterLinesTest {
  @Test
  void aClusterThatNeedsALookHasALineForEverythingAboutIt() throws Exception {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text);
    ClusterLines.print(
        out,
        new ObjectMapper()
            .readTree(
                """
                [{"id":"east","network":"n1","locality":"r/z","services":2,"endpoints":5,"pods":5,
                  "member":{"phase":"LOST","treatment":"UNHEALTHY","restored":true,
                    "reason":"control link lost: refused, since 2026-01-02T03:04:05Z",
                    "lastFailure":"GET /api: refused","replacement":"since x, not listed yet: [POD]",
                    "snapshot":"not written: disk full","rejectedObjects":2,
                    "replaced":"its API server answers for another cluster",
                    "held":[{"kind":"Service","published":9,"listed":0,"since":"2026-01-02T03:04:05Z"}]}},
                 {"id":"files","network":"","locality":"","services":1,"endpoints":1,"pods":1},
                 {"id":"west","network":"n2","locality":"","services":1,"endpoints":1,"pods":1,
                  "member":{"phase":"LIVE","treatment":"KEEP","restored":false,
                    "reason":"read completely","lastFailure":"","replacement":"",
                    "snapshot":"written at 2026-01-02T03:04:05Z","rejectedObjects":0,"held":[]}}]
                """));
    out.flush();
    assertEquals(
        """

        CLUSTER  NETWORK  LOCALITY  PHASE          ENDPOINTS ARE  SERVICES  ENDPOINTS  PODS
        east     n1       r/z       LOST restored  unhealthy      2         5          5
        files                       -              kept           1         1          1
        west     n2                 LIVE           kept           1         1          1
        cluster east: control link lost: refused, since 2026-01-02T03:04:05Z
        cluster east: last failure: GET /api: refused
        cluster east: list of Service held down since 2026-01-02T03:04:05Z: 0 objects instead of 9
        cluster east: a new reader is to take over since x, not listed yet: [POD]
        cluster east: snapshot not written: disk full
        cluster east: its API server answers for another cluster
        cluster east: 2 objects rejected: they name another cluster or kind
        """,
        text.toString().replaceAll("\u001B\\[[0-9;]*m", ""));
  }
}
