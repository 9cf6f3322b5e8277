@echo off
rem One entry for everything, with the verbs of build.sh. Mounts, tests on mounts and benchmarks need Linux.
setlocal
cd /d "%~dp0"
set DOTNET_CLI_TELEMETRY_OPTOUT=1
set DOTNET_NOLOGO=1
set MSBUILDDISABLENODEREUSE=1
set runtime=win-x64
if /i "%PROCESSOR_ARCHITECTURE%"=="ARM64" set runtime=win-arm64

if "%~1"=="" goto help
if "%~1"=="help" goto help
if "%~1"=="-h" goto help
if "%~1"=="--help" goto help
if "%~1"=="mount" goto linux
if "%~1"=="soak" goto linux
if "%~1"=="bench" goto linux
if "%~1"=="build" goto build
if "%~1"=="test" goto test
if "%~1"=="fuzz" goto fuzz
if "%~1"=="pack" goto pack
call :usage 1>&2
exit /b 2

:build
call :need_dotnet || exit /b 1
call :build_driver || exit /b 1
echo built artifacts\hipaafs\hipaafs.exe 1>&2
exit /b 0

:test
rem Tests that need a mount skip themselves by name on Windows.
call :need_dotnet || exit /b 1
dotnet format whitespace --folder . --verify-no-changes --include src/ tests/ || exit /b 1
dotnet build HipaaFs.sln -c Release -v quiet || exit /b 1
if "%~2"=="" (
  dotnet test HipaaFs.sln -c Release --no-build
) else (
  dotnet test HipaaFs.sln -c Release --no-build --filter "FullyQualifiedName~%~2"
)
exit /b

:fuzz
call :need_dotnet || exit /b 1
dotnet run --project tests\HipaaFs.Fuzz -c Release -- %2 %3 %4 %5 %6 %7 %8 %9
exit /b

:pack
call :need_dotnet || exit /b 1
call :build_driver || exit /b 1
set version=
for /f "tokens=3 delims=<>" %%v in ('findstr "<VersionPrefix>" Directory.Build.props') do set version=%%v
if not defined version (
  echo build.cmd: Directory.Build.props names no version 1>&2
  exit /b 1
)
tar -caf "artifacts\hipaafs-%version%-%runtime%.zip" -C artifacts hipaafs || exit /b 1
echo packed artifacts\hipaafs-%version%-%runtime%.zip 1>&2
exit /b 0

:linux
echo build.cmd: %~1 needs Linux: run ./build.sh %~1 there, in WSL 2 for example 1>&2
exit /b 1

:help
call :usage
exit /b 0

:need_dotnet
where dotnet >nul 2>nul
if errorlevel 1 (
  echo build.cmd: the .NET 10 SDK is missing: install it from https://dot.net 1>&2
  exit /b 1
)
set sdk=
for /f "delims=." %%v in ('dotnet --version 2^>nul') do set sdk=%%v
if not defined sdk (
  echo build.cmd: dotnet is there, but no SDK that fits: .NET SDK 10 is needed 1>&2
  exit /b 1
)
if %sdk% LSS 10 (
  echo build.cmd: .NET SDK 10 is needed, this is %sdk% 1>&2
  exit /b 1
)
exit /b 0

:build_driver
rem ReadyToRun starts faster; its compiler is a package that may not be there.
if exist artifacts\hipaafs rmdir /s /q artifacts\hipaafs
dotnet publish src\HipaaFs -c Release -r %runtime% --self-contained false -v quiet -o artifacts\hipaafs -p:PublishReadyToRun=true >nul 2>nul && exit /b 0
dotnet publish src\HipaaFs -c Release -r %runtime% --self-contained false -v quiet -o artifacts\hipaafs
exit /b

:usage
echo Usage: build.cmd VERB
echo.
echo   build          builds the commands: artifacts\hipaafs\hipaafs.exe
echo   test [FILTER]  builds everything and runs all tests that need no mount; with FILTER only those whose name contains it
echo   fuzz [ARGS]    feeds mutated messages to the parsers
echo   pack           leaves artifacts\hipaafs-VERSION-%runtime%.zip
echo   help           this text
echo   mount, soak, bench   need Linux: ./build.sh
exit /b 0
