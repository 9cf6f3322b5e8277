@echo off
rem One entry for everything, with the verbs of build.sh. Mounts, tests on mounts and benchmarks need Linux.
setlocal
cd /d "%~dp0"
set DOTNET_CLI_TELEMETRY_OPTOUT=1
set DOTNET_NOLOGO=1

where dotnet >nul 2>nul
if errorlevel 1 (
  echo build.cmd: the .NET 10 SDK is missing: install it from https://dot.net 1>&2
  exit /b 1
)

if "%~1"=="build" goto build
if "%~1"=="test" goto test
if "%~1"=="fuzz" goto fuzz
if "%~1"=="pack" goto pack
if "%~1"=="mount" goto linux
if "%~1"=="soak" goto linux
if "%~1"=="bench" goto linux
if "%~1"=="help" goto help
if "%~1"=="" goto help
call :usage 1>&2
exit /b 2

:build
dotnet publish src\HipaaFs -c Release -r win-x64 --self-contained false -v quiet -o artifacts\hipaafs
exit /b %errorlevel%

:test
rem Tests that need a mount skip themselves by name on Windows.
dotnet test HipaaFs.sln -c Release
exit /b %errorlevel%

:fuzz
dotnet run --project tests\HipaaFs.Fuzz -c Release -- %2 %3 %4 %5 %6 %7 %8 %9
exit /b %errorlevel%

:pack
call "%~f0" build
if errorlevel 1 exit /b 1
tar -C artifacts -caf artifacts\hipaafs-win-x64.zip hipaafs
exit /b %errorlevel%

:linux
echo build.cmd: %~1 needs Linux: run ./build.sh %~1 there, in WSL 2 for example 1>&2
exit /b 1

:help
call :usage
exit /b 0

:usage
echo Usage: build.cmd VERB
echo.
echo   build    builds the commands: artifacts\hipaafs\hipaafs.exe
echo   test     builds everything and runs all tests that need no mount
echo   fuzz     feeds mutated messages to the parsers
echo   pack     leaves artifacts\hipaafs-win-x64.zip
echo   mount, soak, bench   need Linux: ./build.sh
exit /b 0
