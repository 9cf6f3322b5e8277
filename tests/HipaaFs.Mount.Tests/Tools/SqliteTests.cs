using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Tools;

/// <summary>A SQLite database on a mount, in write-ahead mode, written and read by several processes.</summary>
public sealed class SqliteTests(SharedMount mount) : IClassFixture<SharedMount>
{
    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public async Task Database_WrittenByTwoProcesses_IsWhole(string journal)
    {
        MountPrerequisites.RequirePrograms("sqlite3");
        string directory = await mount.NewDirectoryAsync();

        string answer = await Shell.CheckAsync(
            $"""
            sqlite3 a.db "PRAGMA journal_mode={journal}; CREATE TABLE patient(id INTEGER PRIMARY KEY, writer INT, text TEXT); CREATE INDEX by_text ON patient(text);" > /dev/null
            write() {"{"}
                for i in $(seq 15); do
                    sqlite3 -cmd '.timeout 60000' a.db "BEGIN IMMEDIATE;
                        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
                        INSERT INTO patient(writer, text) SELECT $1, printf('%d-%d-%d', $1, $i, i) || hex(zeroblob(40)) FROM n; COMMIT;"
                done
            {"}"}
            write 1 & first=$!
            write 2 & second=$!
            for i in $(seq 10); do sqlite3 -cmd '.timeout 60000' a.db 'SELECT count(*) % 400 FROM patient'; done | sort -u
            wait $first $second
            sqlite3 a.db 'PRAGMA integrity_check; PRAGMA journal_mode; SELECT writer, count(*), count(DISTINCT text) FROM patient GROUP BY writer;
                          DELETE FROM patient WHERE id % 3 = 0; VACUUM; PRAGMA integrity_check; SELECT count(*) FROM patient;'
            """,
            directory,
            ChildProcess.LongTimeout);

        Assert.Equal($"0\nok\n{journal}\n1|6000|6000\n2|6000|6000\nok\n8000\n", answer);
    }

    [Fact]
    public Task Database_SameStatements_GiveTheSameFile()
    {
        MountPrerequisites.RequirePrograms("sqlite3");
        return ToolRun.SameOnLocalDiskAndMountAsync(mount, input: null, """
            sqlite3 a.db "PRAGMA page_size=4096; PRAGMA journal_mode=wal; CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT i, 'row ' || i FROM n;
                UPDATE t SET b = b || '!' WHERE a % 5 = 0; DELETE FROM t WHERE a % 7 = 0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA integrity_check;"
            sqlite3 a.db .dump | sha256sum
            """, ChildProcess.LongTimeout);
    }
}
